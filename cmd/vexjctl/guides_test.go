// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The guides' commands are run here as they are printed, and what they print is held
// against the guide; go test -run TestGuides -update writes what they print.
//
// In blocks of the kind console, "# " is root's prompt and "$ " anybody's. A command goes
// on behind a backslash and within quotes. "(exit code N)" in its comment says so. A line
// of dots stands for lines that are not shown. All of a file is one shell. "kmod# " is
// the prompt of a machine with the module: what stands there is in module.txtar, which is
// run on such machines.
var guides = []string{"README.md", "docs/operator.md", "docs/agents.md", "docs/auditor.md"}

const (
	modulePrompt = "kmod# "
	anyLines     = "..."
)

// A step is a command with what it prints.
type step struct {
	line    int // of the guide, from 1
	prompt  string
	command string
	want    []string
	from    int // want begins at this line, from 0
}

// reads: the command asks a journal, and changes nothing.
func reads(s *step) bool {
	for _, verb := range []string{"log", "blame", "session", "report", "stat", "why", "impact", "verify"} {
		if strings.HasPrefix(s.command, "vexjctl "+verb+" ") {
			return true
		}
	}
	return false
}

func (s *step) background() bool { return strings.HasSuffix(strings.TrimSpace(s.command), "&") }

var exitCode0 = regexp.MustCompile(`#.*\(exit code (\d+)\)`)

// steps finds the commands of a guide.
func steps(text string) (all []*step) {
	inside := false
	var s *step
	more := false
	for n, line := range strings.Split(text, "\n") {
		if fence, ok := strings.CutPrefix(line, "```"); ok {
			inside, s, more = !inside && fence == "console", nil, false
			continue
		}
		if !inside {
			continue
		}
		if more {
			s.command += "\n" + line
		} else if prompt := promptOf(line); prompt != "" {
			s = &step{line: n + 1, prompt: prompt, command: line[len(prompt):]}
			all = append(all, s)
		} else {
			s.want = append(s.want, line)
			continue
		}
		more, s.from = unfinished(s.command), n+1
	}
	return all
}

func promptOf(line string) string {
	for _, p := range []string{"# ", "$ ", modulePrompt} {
		if strings.HasPrefix(line, p) {
			return p
		}
	}
	return ""
}

// unfinished: the shell would ask for more.
func unfinished(command string) bool {
	var quote rune
	escaped := false
	for _, c := range command {
		switch {
		case escaped:
			escaped = false
		case c == '\\' && quote != '\'':
			escaped = true
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '#':
			return false // a comment to the end; it may have an apostrophe
		}
	}
	return quote != 0 || escaped
}

// changing is what differs from run to run.
var changing = []struct {
	is   *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?Z?`), "TIME"},
	{regexp.MustCompile(`0x[0-9a-f]{16}`), "ID"},
	{regexp.MustCompile(`\b[0-9a-f]{32,64}\b`), "DIGEST"},
	{regexp.MustCompile(`\b\d{19,20}\b`), "NUMBER"},
	{regexp.MustCompile(`\bagents-\d+\.sock`), "agents-PID.sock"},
	{regexp.MustCompile(`\bvexj1\.[A-Za-z0-9_-]+`), "CURSOR"},
	{regexp.MustCompile(`\[\d+\]`), "[PID]"},
	{regexp.MustCompile(`\b(pid|ppid|tid|inode|ktime|cgroup|ordinal|seq|cpu|mntns|start_time|duration|generation|writer_pid|filtered)(["=: ]+)\d+`), "$1$2N"},
	{regexp.MustCompile(`\bsed[A-Za-z0-9]{6}\b`), "sedRANDOM"},
	{regexp.MustCompile(`\b[0-9.]+ ([KMG]iB|B)\b`), "SIZE"},
	{regexp.MustCompile(`\b\d+(\.\d+)?(ns|us|µs|ms|s|m|h)\b`), "DURATION"},
	{regexp.MustCompile(`(key|sig)=[A-Za-z0-9+/=]+`), "$1=BASE64"},
	{regexp.MustCompile(`\b(bpf-vfs|bpf-syscall|kmod)\b`), "PRODUCER"},
	{regexp.MustCompile(` +`), " "},
}

func plain(line string) string {
	for _, c := range changing {
		line = c.is.ReplaceAllString(line, c.name)
	}
	return strings.TrimSpace(line)
}

// same compares what is printed with what the guide has.
func same(got, want []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if want[0] == anyLines {
		for n := range len(got) + 1 {
			if same(got[n:], want[1:]) {
				return true
			}
		}
		return false
	}
	return len(got) > 0 && plain(got[0]) == plain(want[0]) && same(got[1:], want[1:])
}

func TestGuides(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-buildvcs=false", "-o", bin, "./cmd/vexjctl", "./cmd/vexjd")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range guides {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			all := steps(string(text))
			if len(all) < 5 {
				t.Fatalf("%d commands only", len(all))
			}
			sh := newShell(t, bin)
			lines := strings.Split(string(text), "\n")
			var updated []func() // from the last on, so that lines stay where they are
			for _, s := range all {
				if s.prompt == modulePrompt {
					checkModule(t, name, s)
					continue
				}
				if *update && reads(s) {
					time.Sleep(1500 * time.Millisecond)
				}
				got, code := sh.run(s)
				// What was done is there a second later.
				for end := time.Now().Add(5 * time.Second); reads(s) && !same(got, s.want) && time.Now().Before(end) && !*update; {
					time.Sleep(200 * time.Millisecond)
					got, code = sh.run(s)
				}
				want := "0"
				if m := exitCode0.FindStringSubmatch(s.command); m != nil {
					want = m[1]
				}
				if code != want {
					t.Errorf("%s:%d: %s: exit code %s\n%s", name, s.line, s.command, code, strings.Join(got, "\n"))
				}
				if same(got, s.want) {
					continue
				}
				if !*update {
					t.Errorf("%s:%d: %s\nprints\n%s\nand not\n%s", name, s.line, s.command, strings.Join(got, "\n"), strings.Join(s.want, "\n"))
					continue
				}
				updated = append(updated, func() {
					lines = append(lines[:s.from:s.from], append(got, lines[s.from+len(s.want):]...)...)
				})
			}
			for i := range updated {
				updated[len(updated)-1-i]()
			}
			if len(updated) > 0 && !t.Failed() {
				if err := os.WriteFile(filepath.Join(root, name), []byte(strings.Join(lines, "\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// checkModule finds the command in the script that make vm-test runs with the module.
func checkModule(t *testing.T, name string, s *step) {
	t.Helper()
	script, err := os.ReadFile("testdata/script/module.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.command, "insmod ") && !strings.Contains(string(script), "\nexec "+s.command+"\n") {
		t.Errorf("%s:%d: module.txtar does not run %s", name, s.line, s.command)
	}
}

// A shell has folders of its own under the names of those that the guides use.
type shell struct {
	t     *testing.T
	in    io.WriteCloser
	lines chan string
	n     int
}

func newShell(t *testing.T, bin string) *shell {
	t.Helper()
	cmd := exec.Command("unshare", "--mount", "--propagation", "private", "bash", "-s")
	cmd.Env = []string{"PATH=/mnt:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TZ=UTC", "LC_ALL=C.UTF-8"}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sh := &shell{t: t, in: in, lines: make(chan string)}
	go func() {
		defer close(sh.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			sh.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		_, _ = io.WriteString(in, "\nkill $(jobs -p) 2>/dev/null; wait\n")
		_ = in.Close()
		for range sh.lines {
		}
		_ = cmd.Wait()
	})
	folders := `
		mount -t tmpfs none /mnt && cp ` + bin + `/* /mnt || exit
		for dir in /srv /var/lib /run /tmp; do
			mount -t tmpfs -o mode=0755 none "$dir" || exit
		done
		chmod 1777 /tmp; cd /srv`
	if got, code := sh.run(&step{command: folders}); code != "0" {
		t.Fatal(got)
	}
	return sh
}

// run returns what a command prints, and its exit code.
func (sh *shell) run(s *step) (got []string, code string) {
	sh.t.Helper()
	sh.n++
	mark := fmt.Sprintf("-- end of command %d: ", sh.n)
	if _, err := fmt.Fprintf(sh.in, "%s\nprintf '\\n%s%%d\\n' $?\n", s.command, mark); err != nil {
		sh.t.Fatal(err)
	}
	timeout := time.After(40 * time.Second)
	next := func() (string, bool) {
		select {
		case line, ok := <-sh.lines:
			if !ok {
				sh.t.Fatalf("the shell ended at %s: %s", s.command, strings.Join(got, "\n"))
			}
			return line, true
		case <-timeout:
			return "", false
		}
	}
	for {
		line, ok := next()
		if !ok {
			sh.t.Fatalf("%s goes on and on: %s", s.command, strings.Join(got, "\n"))
		}
		if rest, ok := strings.CutPrefix(line, mark); ok {
			code = rest
			break
		}
		got = append(got, line)
	}
	// The empty line before the mark.
	if n := len(got); n > 0 && got[n-1] == "" {
		got = got[:n-1]
	}
	// What is in the background takes its time to say so.
	want := len(s.want)
	if *update && want == 0 && strings.HasPrefix(s.command, "vexj") {
		want = 1
	}
	for s.background() && len(got) < want {
		line, ok := next()
		if !ok {
			break
		}
		if line != "" {
			got = append(got, line)
		}
	}
	return got, code
}

// TestListedCommands: what the README lists, without showing what it prints, are verbs
// and flags that there are.
func TestListedCommands(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	n, inside := 0, false
	for _, line := range strings.Split(string(text), "\n") {
		if fence, ok := strings.CutPrefix(line, "```"); ok {
			inside = !inside && fence == "sh"
			continue
		}
		prompt := promptOf(line)
		command, _, _ := strings.Cut(strings.TrimPrefix(line, prompt), " #")
		words := strings.Fields(command)
		if !inside || prompt == "" || words[0] != "vexjctl" {
			continue
		}
		n++
		cmd, rest, err := newRoot().Find(words[1:])
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err == nil && cmd.Args != nil && !cmd.Flags().Changed("help") {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if n < 10 {
		t.Errorf("%d commands only", n)
	}
}

func TestSteps(t *testing.T) {
	text := "# no\n```console\n# a 'b\n  c' \\\n  d # it's so\nout\n$ e\n```\n```\n# no\n```\n```console\nkmod# f\n...\n```\n"
	var b bytes.Buffer
	for _, s := range steps(text) {
		fmt.Fprintf(&b, "%d %q %q %q %d\n", s.line, s.prompt, s.command, s.want, s.from)
	}
	want := `3 "# " "a 'b\n  c' \\\n  d # it's so" ["out"] 5
7 "$ " "e" [] 7
13 "kmod# " "f" ["..."] 13
`
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
	for _, tc := range []struct {
		got, want string
		same      bool
	}{
		{"a\nb", "a\nb", true},
		{"a\nb\nc", "a\n...\nc", true},
		{"a\nc", "a\n...\nc", true},
		{"a\nb", "a", false},
		{"a", "a\nb", false},
		{"2026-01-01 10:00:00.123 git[7]  x", "2025-01-01 10:00:00.999 git[12345] x", true},
		{"x = 0", "x = 1", false},
	} {
		if got := same(strings.Split(tc.got, "\n"), strings.Split(tc.want, "\n")); got != tc.same {
			t.Errorf("%q and %q: %v", tc.got, tc.want, got)
		}
	}
}
