// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// each runs a test in each data mode.
func each(t *testing.T, test func(t *testing.T, m *Mount)) {
	for _, mode := range []DataMode{DataAll, DataClose} {
		t.Run(mode.String(), func(t *testing.T) {
			_, m := mounted(t, Options{}, MountOptions{Data: []DataRule{{Mode: mode}}})
			test(t, m)
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o644))
}

func reads(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s: %q, %v, want %q", path, got, err, want)
	}
}

func inodeOf(t *testing.T, path string) unix.Stat_t {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Lstat(path, &st))
	return st
}

func TestHardLinksAreOneInode(t *testing.T) {
	each(t, func(t *testing.T, m *Mount) {
		a, b := filepath.Join(m.Target, "a"), filepath.Join(m.Target, "b")
		write(t, a, "one")
		must(t, os.Link(a, b))
		if x, y := inodeOf(t, a), inodeOf(t, b); x.Ino != y.Ino || x.Nlink != 2 || y.Nlink != 2 {
			t.Errorf("inodes %d and %d, links %d and %d", x.Ino, y.Ino, x.Nlink, y.Nlink)
		}
		write(t, b, "two, longer")
		reads(t, a, "two, longer")
		must(t, os.Remove(a))
		reads(t, b, "two, longer")
		if st := inodeOf(t, b); st.Nlink != 1 {
			t.Errorf("%d links are left", st.Nlink)
		}
	})
}

// A file that is removed is there for who has it open, and its inode number's next
// owner is another file.
func TestUnlinkedButOpen(t *testing.T) {
	each(t, func(t *testing.T, m *Mount) {
		path := filepath.Join(m.Target, "a")
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		must(t, err)
		defer f.Close()
		_, err = f.WriteString("still here")
		must(t, err)
		must(t, os.Remove(path))
		write(t, path, "another")
		got := make([]byte, 10)
		if _, err := f.ReadAt(got, 0); err != nil || string(got) != "still here" {
			t.Errorf("%q, %v", got, err)
		}
		must(t, f.Truncate(5))
		must(t, f.Chmod(0o400))
		st, err := f.Stat()
		must(t, err)
		if st.Size() != 5 || st.Mode().Perm() != 0o400 || st.Sys().(*syscall.Stat_t).Nlink != 0 {
			t.Errorf("%v, %d bytes", st.Mode(), st.Size())
		}
		reads(t, path, "another")
	})
}

// What is changed under the mount is seen, at the latest when what the kernel keeps
// has expired.
func TestChangesUnderTheMount(t *testing.T) {
	each(t, func(t *testing.T, m *Mount) {
		over, under := filepath.Join(m.Target, "a"), filepath.Join(m.Source, "a")
		write(t, over, "first")
		reads(t, over, "first")
		write(t, under, "second, and longer")
		soon(t, func() error {
			if got, err := os.ReadFile(over); string(got) != "second, and longer" {
				return errors.Join(err, errors.New(string(got)))
			}
			return nil
		})
		must(t, os.Remove(under))
		write(t, under, "a new file of the name")
		soon(t, func() error {
			if got, err := os.ReadFile(over); string(got) != "a new file of the name" {
				return errors.Join(err, errors.New(string(got)))
			}
			return nil
		})
		must(t, os.Rename(under, under+"2"))
		reads(t, over+"2", "a new file of the name")
		soon(t, func() error {
			if _, err := os.Stat(over); !errors.Is(err, os.ErrNotExist) {
				return errors.New("the old name is still there")
			}
			return nil
		})
	})
}

func soon(t *testing.T, try func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	t.Error(err)
}

// mapEnv makes the test's program map the file it names: see mapTwice.
const mapEnv = "VEXJ_FUSE_MAP"

// Two descriptors, mapped, are one memory. Another process maps them: a fault on a
// page of the mount stops a thread where Go's scheduler does not see it, and who
// serves the fault must not wait for that thread.
func TestSharedMappings(t *testing.T) {
	each(t, func(t *testing.T, m *Mount) {
		path := filepath.Join(m.Target, "a")
		write(t, path, strings.Repeat("x", 8192))
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), mapEnv+"="+path)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		got, err := os.ReadFile(filepath.Join(m.Source, "a"))
		must(t, err)
		if !bytes.HasPrefix(got[4096:], []byte("written by one")) {
			t.Errorf("the source has %q", got[4096:4110])
		}
	})
}

// mapTwice maps a file of 8 KiB by two descriptors, writes by one and reads by the
// other.
func mapTwice(path string) error {
	var maps [2][]byte
	for i := range maps {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		maps[i], err = unix.Mmap(int(f.Fd()), 0, 8192, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil {
			return err
		}
	}
	copy(maps[0][4096:], "written by one")
	if !bytes.HasPrefix(maps[1][4096:], []byte("written by one")) {
		return fmt.Errorf("the other sees %q", maps[1][4096:4110])
	}
	return errors.Join(unix.Msync(maps[0], unix.MS_SYNC), unix.Munmap(maps[0]), unix.Munmap(maps[1]))
}

// Of many who append, nothing is overwritten.
func TestAppendRaces(t *testing.T) {
	each(t, func(t *testing.T, m *Mount) {
		path := filepath.Join(m.Target, "a")
		const line, times = "0123456789abcde\n", 200
		script := `for i in $(seq ` + "200" + `); do echo 0123456789abcde; done >>"$0"`
		var cmds []*exec.Cmd
		for range 4 {
			cmd := exec.Command("sh", "-c", script, path)
			must(t, cmd.Start())
			cmds = append(cmds, cmd)
		}
		for _, cmd := range cmds {
			must(t, cmd.Wait())
		}
		reads(t, path, strings.Repeat(line, 4*times))
	})
}

func TestOddNamesAndSizes(t *testing.T) {
	each(t, func(t *testing.T, m *Mount) {
		for _, name := range []string{strings.Repeat("n", 255), "not \xff\xfe UTF-8", " \t\n\\'\"", "...", "ünïcödé"} {
			path := filepath.Join(m.Target, name)
			write(t, path, "x")
			entries, err := os.ReadDir(m.Target)
			must(t, err)
			if len(entries) != 1 || entries[0].Name() != name {
				t.Errorf("%q is listed as %v", name, entries)
			}
			must(t, os.Remove(path))
		}
		if err := os.WriteFile(filepath.Join(m.Target, strings.Repeat("n", 256)), nil, 0o600); !errors.Is(err, unix.ENAMETOOLONG) {
			t.Errorf("a name of 256 bytes: %v", err)
		}
		f, err := os.Create(filepath.Join(m.Target, "big"))
		must(t, err)
		defer f.Close()
		const far = 5 << 30
		_, err = f.WriteAt([]byte("end"), far)
		must(t, err)
		got := make([]byte, 3)
		if _, err := f.ReadAt(got, far); err != nil || string(got) != "end" {
			t.Errorf("%q, %v", got, err)
		}
		hole, err := unix.Seek(int(f.Fd()), 0, unix.SEEK_DATA)
		if err != nil || hole < far-1<<20 {
			t.Errorf("data begins at %d, %v", hole, err)
		}
	})
}

// Who may do what is what the source says: of owners, supplementary groups, ACLs,
// set-user-ID and the like.
func TestPermissions(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("to act for several users it takes root")
	}
	_, m := mounted(t, Options{}, MountOptions{})
	// Others must get there.
	for dir := m.Target; dir != "/"; dir = filepath.Dir(dir) {
		if st := inodeOf(t, dir); st.Mode&0o001 == 0 {
			must(t, os.Chmod(dir, os.FileMode(st.Mode&0o777|0o011)))
		}
	}
	must(t, os.Chmod(m.Target, 0o777))
	for _, c := range []struct {
		name, script string
		ok           bool
	}{
		{"make a file", `touch mine && mkdir dir && ln -s x link && mkfifo fifo`, true},
		{"read root's", `cat root`, false},
		{"read the group's", `cat group`, true},
		{"write the group's", `echo x >group`, false},
		{"make one in the group's folder", `touch shared/new`, true},
		{"make one in root's folder", `touch closed/new`, false},
		{"give away", `chown 0 mine`, false},
		{"read by ACL", `cat acl`, true},
		{"remove in a sticky folder", `rm -f sticky/root`, false},
	} {
		if c.name == "make a file" {
			script := `echo x >root; chmod 600 root; echo x >group; chgrp 4242 group; chmod 640 group
				mkdir shared closed sticky; chgrp 4242 shared; chmod 2770 shared; chmod 755 closed
				chmod 1777 sticky; echo x >sticky/root; echo x >acl; chmod 600 acl; setfacl -m u:1234:r acl`
			cmd := exec.Command("sh", "-ec", script)
			cmd.Dir = m.Target
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		cmd := exec.Command("sh", "-ec", c.script)
		cmd.Dir = m.Target
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1234, Gid: 1235, Groups: []uint32{4242}}}
		out, err := cmd.CombinedOutput()
		if (err == nil) != c.ok {
			t.Errorf("%s: %v: %s", c.name, err, out)
		}
	}
	for name, want := range map[string][2]uint32{"mine": {1234, 1235}, "dir": {1234, 1235}, "link": {1234, 1235}, "fifo": {1234, 1235}, "shared/new": {1234, 4242}} {
		if st := inodeOf(t, filepath.Join(m.Source, name)); st.Uid != want[0] || st.Gid != want[1] {
			t.Errorf("%s belongs to %d:%d, not %v", name, st.Uid, st.Gid, want)
		}
	}
	// A write takes set-user-ID away, unless root writes.
	path := filepath.Join(m.Target, "program")
	write(t, path, "x")
	must(t, unix.Chmod(path, 0o6777))
	cmd := exec.Command("sh", "-ec", "echo more >>program")
	cmd.Dir = m.Target
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1234, Gid: 1235}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if st := inodeOf(t, path); st.Mode&0o7777 != 0o777 {
		t.Errorf("mode %o after somebody else wrote", st.Mode)
	}
	// A default ACL says what new files may, and not the umask.
	script := `mkdir inherits; setfacl -d -m u::rwx,g::rwx,o::rx inherits; umask 077; touch inherits/a; stat -c %a inherits/a`
	cmd = exec.Command("sh", "-ec", script)
	cmd.Dir = m.Target
	if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "664" {
		t.Errorf("%v: mode %s, want 664", err, out)
	}
}
