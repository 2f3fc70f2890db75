// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/status"
	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

const asMain = "VEXJD_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// daemon is a vexjd under test, with a service manager that it talks to.
type daemon struct {
	*exec.Cmd
	stderr  output
	manager *net.UnixConn
}

// output is what a process says, while it goes on.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

type place struct{ dir, run, journal, work string }

func newPlace(t *testing.T) place {
	dir := t.TempDir()
	p := place{dir, filepath.Join(dir, "run"), filepath.Join(dir, "journal"), filepath.Join(dir, "work")}
	if err := os.Mkdir(p.work, 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p place) command(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asMain+"=1", "VEXJ_RUN_DIR="+p.run, "VEXJ_JOURNAL="+p.journal)
	return cmd
}

func (p place) start(t *testing.T, args ...string) *daemon {
	t.Helper()
	name := filepath.Join(p.dir, "notify")
	_ = os.Remove(name)
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{Cmd: p.command(append([]string{"--path", p.work}, args...)...), manager: manager}
	d.Env = append(d.Env, "NOTIFY_SOCKET="+name, "WATCHDOG_USEC=200000")
	d.Stderr = &d.stderr
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.Process.Kill()
		_ = d.Wait()
		manager.Close()
	})
	d.expect(t, "READY=1")
	return d
}

// expect waits for a message to the service manager.
func (d *daemon) expect(t *testing.T, state string) {
	t.Helper()
	if err := d.manager.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	for {
		n, err := d.manager.Read(b)
		if err != nil {
			t.Fatalf("waiting for %s: %v; it said: %s", state, err, &d.stderr)
		}
		if strings.HasPrefix(string(b[:n]), state) {
			return
		}
	}
}

func (d *daemon) stop(t *testing.T) {
	t.Helper()
	if err := d.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	d.expect(t, "STOPPING=1")
	if err := d.Wait(); err != nil {
		t.Fatalf("%v; it said: %s", err, &d.stderr)
	}
}

// touch makes files by a process that is not the recorder's.
func (p place) touch(t *testing.T, from, to int) {
	t.Helper()
	script := fmt.Sprintf(`i=%d; while [ $i -lt %d ]; do : > "$0/$i"; i=$((i+1)); done`, from, to)
	if out, err := exec.Command("/bin/sh", "-c", script, p.work).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// created is the numbers of the files that the journal has as created, in order.
func (p place) created(t *testing.T) []int {
	t.Helper()
	r, err := userjournal.Open(p.journal)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []int
	var last uint64
	err = r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		// The start and what tells of an end that was not are made by the
		// recorder, beside the order of what it takes from the kernel.
		if rec.Type().Category() == uapi.CategoryFilesystem {
			if rec.EventID() <= last {
				t.Errorf("event %#x comes after %#x", rec.EventID(), last)
			}
			last = rec.EventID()
		}
		if rec.Type() == uapi.FSCreate {
			n, err := strconv.Atoi(filepath.Base(string(rec.Path())))
			all = append(all, n)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (p place) audit(t *testing.T) *query.Account {
	t.Helper()
	r, err := userjournal.Open(p.journal)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	report, err := r.Verify(func(p userjournal.Problem) { t.Error(p.String()) })
	if err != nil || !report.OK() {
		t.Fatalf("%+v, %v", report, err)
	}
	a, err := query.Audit(r)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Sound() {
		t.Errorf("the accounts do not add up: %+v", a)
	}
	return a
}

func needRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("capturing needs root")
	}
}

func TestStopLosesNothingAndRestartContinues(t *testing.T) {
	needRoot(t)
	p := newPlace(t)
	for i := range 2 {
		d := p.start(t)
		p.touch(t, 100*i, 100*(i+1))
		d.stop(t)
	}
	all := p.created(t)
	for i, n := range all {
		if i != n {
			t.Fatalf("file %d comes as number %d", n, i)
		}
	}
	if len(all) != 200 {
		t.Errorf("%d files were created, the journal has %d", 200, len(all))
	}
	a := p.audit(t)
	if len(a.Epochs) != 2 || a.Lost()+a.Missing() != 0 {
		t.Errorf("%d runs, lost %d, missing %d", len(a.Epochs), a.Lost(), a.Missing())
	}
	if left, err := filepath.Glob(filepath.Join(p.run, "*.sock")); err != nil || left != nil {
		t.Errorf("sockets are left: %v, %v", left, err)
	}
}

func TestKilledLeavesAJournalThatVerifies(t *testing.T) {
	needRoot(t)
	p := newPlace(t)
	d := p.start(t, "--durability", "batch")
	p.touch(t, 0, 50)
	for end := time.Now().Add(time.Minute); len(p.tryCreated()) < 50 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	if err := d.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = d.Wait()
	p.audit(t)

	d = p.start(t)
	p.touch(t, 50, 60)
	d.stop(t)
	if all := p.created(t); len(all) != 60 {
		t.Errorf("60 files were created, the journal has %d", len(all))
	}
	a := p.audit(t)
	if len(a.Epochs) != 2 || a.Epochs[0].Stopped || !a.Epochs[1].Stopped {
		t.Errorf("runs: %+v", a.Epochs)
	}
	if !strings.Contains(d.stderr.String(), "the journal "+p.journal+" was not closed") {
		t.Errorf("it said: %s", &d.stderr)
	}
}

// tryCreated counts while the daemon writes.
func (p place) tryCreated() []string {
	r, err := userjournal.Open(p.journal)
	if err != nil {
		return nil
	}
	defer r.Close()
	var names []string
	_ = r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		if rec.Type() == uapi.FSCreate {
			names = append(names, string(rec.Path()))
		}
		return nil
	})
	return names
}

func TestOneInstance(t *testing.T) {
	needRoot(t)
	p := newPlace(t)
	d := p.start(t)
	second := p.command("--journal", filepath.Join(p.dir, "other"))
	out, err := second.CombinedOutput()
	want := fmt.Sprintf("vexjd is running already, pid %d; stop it first", d.Process.Pid)
	var exited *exec.ExitError
	if !errors.As(err, &exited) || exited.ExitCode() != exit.Error || !strings.Contains(string(out), want) {
		t.Errorf("the second one: %v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "other")); err == nil {
		t.Error("the second one made a journal")
	}
	all, err := status.Read(p.run)
	if err != nil || len(all) != 1 || all[0].PID != d.Process.Pid || all[0].Program != "vexjd" {
		t.Errorf("status: %+v, %v", all, err)
	}
	d.expect(t, "WATCHDOG=1")
	d.stop(t)
	if b, err := os.ReadFile(filepath.Join(p.run, "vexjd.pid")); err != nil || len(b) != 0 {
		t.Errorf("the pid file holds %q, %v", b, err)
	}
}

func TestBadCommandLines(t *testing.T) {
	p := newPlace(t)
	file := filepath.Join(p.dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	type refusal struct {
		args []string
		code int
		text string
	}
	refusals := []refusal{
		{[]string{"--frobnicate"}, exit.Usage, "unknown flag"},
		{[]string{"now"}, exit.Usage, "it takes no argument"},
		{[]string{"--producer", "magic"}, exit.Usage, "unknown producer"},
		{[]string{"--producer", "fuse"}, exit.Usage, "name it with --path"},
		{[]string{"--durability", "never"}, exit.Usage, "use none, interval, batch or record"},
		{[]string{"--journal", file}, exit.Error, "not a journal"},
		{[]string{"--web", "[::]:8080"}, exit.Usage, "say with --remote NAME"},
		{[]string{"--web-token", file}, exit.Usage, "give --web too"},
		{[]string{"--web", "127.0.0.1:0", "--web-token", file}, exit.Usage, "a token is a line of"},
		{[]string{"--remote", "host"}, exit.Usage, "give one of them too"},
		{[]string{"--metrics", "9464"}, exit.Usage, "give an address as 127.0.0.1:8080"},
		{[]string{"--metrics", "0.0.0.0:9464"}, exit.Usage, "say with --remote NAME"},
	}
	if _, err := os.Stat("/dev/vexj"); errors.Is(err, os.ErrNotExist) {
		refusals = append(refusals, refusal{[]string{"--producer", "kmod", "--require"}, exit.Error, "insmod vexj.ko"})
	}
	for _, c := range refusals {
		cmd := p.command(c.args...)
		// One that takes them runs until it is told to end.
		tooLong := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		out, err := cmd.CombinedOutput()
		tooLong.Stop()
		var exited *exec.ExitError
		if !errors.As(err, &exited) || exited.ExitCode() != c.code || !strings.Contains(string(out), c.text) {
			t.Errorf("%q: %v: %s", c.args, err, out)
		}
	}
}

// TestMetrics compares what Prometheus is told with what was done.
func TestMetrics(t *testing.T) {
	needRoot(t)
	p := newPlace(t)
	d := p.start(t, "--metrics", "127.0.0.1:0")
	p.touch(t, 0, 50)
	for end := time.Now().Add(time.Minute); len(p.tryCreated()) < 50 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	at := d.said(t, "metrics are at ")
	got := scrape(t, at)
	d.stop(t)

	golden, err := os.ReadFile("../internal/metrics/testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(golden)) {
		name, _, _ := strings.Cut(line, " ")
		if name != "#" && !strings.HasPrefix(name, "vexj_fuse_") && !strings.Contains(got, "# TYPE "+name+" ") {
			t.Errorf("there is no %s", name)
		}
	}
	producer := regexp.MustCompile(`vexj_records_total\{producer="([^"]+)",type="create"\} 50\n`).FindStringSubmatch(got)
	if producer == nil {
		t.Fatalf("50 files were created: %s", got)
	}
	for _, line := range []string{
		`vexj_lost_records_total{cause="full",stage="producer"} 0`,
		`vexj_journal_stopped 0`,
		`vexj_records_total{producer="` + producer[1] + `",type="producer-start"} 1`,
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("there is no %s", line)
		}
	}
	for _, name := range []string{"vexj_journal_write_delay_seconds_count", "vexj_journal_sync_seconds_count",
		`vexj_record_delay_seconds_count{producer="` + producer[1] + `"}`} {
		if !strings.Contains(got, name+" ") || strings.Contains(got, name+" 0\n") {
			t.Errorf("%s: nothing was timed", name)
		}
	}
}

// said waits for a line that begins so, and returns the rest of it.
func (d *daemon) said(t *testing.T, what string) string {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, after, ok := strings.Cut(d.stderr.String(), "vexjd: "+what); ok {
			if line, _, whole := strings.Cut(after, "\n"); whole {
				return line
			}
		}
	}
	t.Fatalf("it did not say %q but: %s", what, d.stderr.String())
	return ""
}

func scrape(t *testing.T, at string) string {
	t.Helper()
	resp, err := http.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", at, resp.Status, err)
	}
	return string(b)
}

// TestPage: the daemon tells where its page is, and what it shows is the journal.
func TestPage(t *testing.T) {
	needRoot(t)
	p := newPlace(t)
	token := filepath.Join(p.dir, "token")
	if err := os.WriteFile(token, []byte("a token of one's own\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// The page needs no socket.
	d := p.start(t, "--web", "127.0.0.1:0", "--web-token", token, "--socket", "none")
	at := d.said(t, "the page is at ")
	if strings.Contains(at, "token") {
		t.Errorf("a token that others know is printed: %s", at)
	}
	p.touch(t, 0, 3)
	ask := func(route, token string) (int, string) {
		r, err := http.NewRequest(http.MethodGet, at+route, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	if status, body := ask("v1/wait?type=create&after=oldest", "a token of one's own"); status != 200 || !strings.Contains(body, p.work) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := ask("v1/log", "another"); status != 401 {
		t.Errorf("%d %s", status, body)
	}
	d.stop(t)
}
