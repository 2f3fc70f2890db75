// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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

// within is a script that runs in the mount. It enters it by itself: until a process
// that is forked here has done its exec, a goroutine waits for it that cannot be
// preempted, and if the forked one waits for this process meanwhile, both may for ever.
func within(m *Mount, script string) *exec.Cmd {
	return exec.Command("sh", "-ec", `cd "$0"; `+script, m.Target)
}

// letOthersIn makes the mount one that others get to.
func letOthersIn(t *testing.T, m *Mount) {
	t.Helper()
	for dir := m.Target; dir != "/"; dir = filepath.Dir(dir) {
		if st := inodeOf(t, dir); st.Mode&0o001 == 0 {
			must(t, os.Chmod(dir, os.FileMode(st.Mode&0o777|0o011)))
		}
	}
}

// Who may do what is what the source says: of owners, supplementary groups, ACLs,
// set-user-ID and the like.
func TestPermissions(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("to act for several users it takes root")
	}
	_, m := mounted(t, Options{}, MountOptions{})
	letOthersIn(t, m)
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
			cmd := within(m, script)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		cmd := within(m, c.script)
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
	cmd := within(m, "echo more >>program")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1234, Gid: 1235}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if st := inodeOf(t, path); st.Mode&0o7777 != 0o777 {
		t.Errorf("mode %o after somebody else wrote", st.Mode)
	}
	// A default ACL says what new files may, and not the umask.
	script := `mkdir inherits; setfacl -d -m u::rwx,g::rwx,o::rx inherits; umask 077; touch inherits/a; stat -c %a inherits/a`
	cmd = within(m, script)
	if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "664" {
		t.Errorf("%v: mode %s, want 664", err, out)
	}
}

// TestExecCloses runs programs out of a process that has files of the mount open, which
// the execve closes: with a lock held that guards what /proc says of the process.
func TestExecCloses(t *testing.T) {
	each(t, func(t *testing.T, m *Mount) {
		f, err := os.Create(filepath.Join(m.Target, "f"))
		must(t, err)
		defer f.Close()
		for range 20 {
			_, err := f.WriteString("more\n") // that the next flush may tell of
			must(t, err)
			must(t, exec.Command("/bin/true").Run())
		}
	})
}

// TestModes makes things under umasks of its caller's, who has one of its own.
func TestModes(t *testing.T) {
	each(t, func(t *testing.T, m *Mount) {
		for _, c := range []struct {
			umask      int
			name       string
			act        func(string) error
			want, base uint32
		}{
			{0, "mkdir", func(p string) error { return unix.Mkdir(p, 0o777) }, 0o777, unix.S_IFDIR},
			{0, "mkfifo", func(p string) error { return unix.Mkfifo(p, 0o777) }, 0o777, unix.S_IFIFO},
			{0, "mknod", func(p string) error { return unix.Mknod(p, unix.S_IFREG|0o777, 0) }, 0o777, unix.S_IFREG},
			{0, "creat", func(p string) error { return creat(p, 0o666) }, 0o666, unix.S_IFREG},
			{0o27, "masked", func(p string) error { return creat(p, 0o666) }, 0o640, unix.S_IFREG},
		} {
			path := filepath.Join(m.Target, c.name)
			apart(t, func() error {
				unix.Umask(c.umask)
				return c.act(path)
			})
			if st := inodeOf(t, path); st.Mode != c.base|c.want {
				t.Errorf("%s with a umask of %o: mode %o, not %o", c.name, c.umask, st.Mode, c.base|c.want)
			}
		}
	})
}

// apart runs f on a thread of its own, whose ids and umask are its own too.
func apart(t *testing.T, f func() error) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_FS)
		if err == nil {
			err = f()
		}
		done <- err
	}()
	must(t, <-done)
}

func creat(path string, mode uint32) error {
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, mode)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// TestSetIDOfWriters looks at a file's mode right after somebody else has written to
// it, by the descriptor and by name.
func TestSetIDOfWriters(t *testing.T) {
	each(t, func(t *testing.T, m *Mount) {
		letOthersIn(t, m)
		for _, mode := range []uint32{0o4777, 0o2777, 0o6777} {
			name := fmt.Sprintf("%o", mode)
			path := filepath.Join(m.Target, name)
			write(t, path, "x")
			reader, err := os.Open(path) // whose data may take another way
			must(t, err)
			defer reader.Close()
			must(t, unix.Chmod(path, mode))
			if st := inodeOf(t, path); st.Mode&0o7777 != mode {
				t.Fatalf("mode %o, not %o", st.Mode, mode)
			}
			cmd := within(m, fmt.Sprintf("exec 3>>%[1]s; echo y >&3; stat -L -c %%a /dev/fd/3 %[1]s", name))
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1234, Gid: 1235}}
			if out, err := cmd.CombinedOutput(); err != nil || string(out) != "777\n777\n" {
				t.Errorf("mode %s, then %q, %v", name, out, err)
			}
		}
	})
}
