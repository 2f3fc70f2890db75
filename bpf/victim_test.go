// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// What is deleted or replaced is known though its name was not cached when the
// call began.
func TestColdVictims(t *testing.T) {
	dir := t.TempDir()
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		t.Fatal(err)
	}
	if fs.Type != unix.EXT4_SUPER_MAGIC {
		t.Skipf("%s is not on ext4: only its tracepoints tell", dir)
	}
	inodes := map[string]uint64{}
	for _, name := range []string{"file", "moved", "replaced"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("abc"), 0o600); err != nil {
			t.Fatal(err)
		}
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil {
			t.Fatal(err)
		}
		inodes[name] = st.Ino
	}
	sub := filepath.Join(dir, "dir")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Stat(sub, &st); err != nil {
		t.Fatal(err)
	}
	inodes["dir"] = st.Ino

	c := newCapture(t, "syscall", "")
	cmd := exec.Command("/bin/sh", "-c", "read go; exec perl -e 'unlink q(file); rmdir q(dir); rename q(moved), q(replaced)'")
	cmd.Dir = dir
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(uint32(cmd.Process.Pid), dir); err != nil {
		t.Fatal(err)
	}
	unix.Sync()
	if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("2"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	recs, err := c.Stop()
	if err != nil {
		t.Fatal(err)
	}
	want := map[uapi.Type]string{uapi.FSDelete: "file", uapi.FSRmdir: "dir", uapi.FSRename: "moved"}
	replaced := false
	for _, r := range recs {
		name := filepath.Base(string(r.Path()))
		file, known := r.File()
		switch {
		case r.Type() == uapi.FSDelete && r.Parent() != 0:
			replaced = true
			if !known || file.Inode != inodes["replaced"] || name != "replaced" {
				t.Errorf("what the rename replaced is %q, %+v", r.Path(), file)
			}
		case want[r.Type()] != "":
			if name != want[r.Type()] || !known || file.Inode != inodes[name] || file.Nlink == 0 {
				t.Errorf("%v of %q: %+v %v", r.Type(), r.Path(), file, r.Flags())
			}
			delete(want, r.Type())
		}
	}
	if len(want) != 0 || !replaced {
		t.Errorf("not recorded: %v, replaced: %v", want, replaced)
	}
}
