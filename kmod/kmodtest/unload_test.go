// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vexj/kmod/device"
	"vexj/uapi"
)

// selftestEnv names the file of the module that uses vexj_emit().
const selftestEnv = "VEXJ_SELFTEST"

// roundsEnv says how often TestReloadUnderLoad loads the module.
const roundsEnv = "VEXJ_ROUNDS"

func moduleFile(t *testing.T, env string) string {
	t.Helper()
	path := os.Getenv(env)
	if path == "" {
		t.Skipf("%s does not say where the module's file is", env)
	}
	return path
}

// insert is insmod of another file or with parameters.
func insert(path, parameters string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.FinitModule(int(f.Fd()), parameters, 0)
}

func remove(name string) error { return unix.DeleteModule(name, unix.O_NONBLOCK) }

// Kernel code emits from a task, a softirq and a hardirq, and is refused what is
// nobody's to emit; all of it is checked by the module that does it.
func TestSelftestModule(t *testing.T) {
	path := moduleFile(t, selftestEnv)
	if err := insert(path, ""); err != unix.ENOTCONN {
		t.Errorf("emitting without a consumer: %v", err)
	}
	r := begin(t, device.Options{})
	if err := insert(path, "records=50"); err != nil {
		t.Fatal(err)
	}
	if err := remove("vexj"); err != unix.EBUSY && err != unix.EAGAIN {
		t.Errorf("removing the module that another one uses: %v", err)
	}
	if err := remove("vexj_selftest"); err != nil {
		t.Error(err)
	}
	recs := r.drain(t)
	settled(t, r.Producer, 150)
	places := map[uint64]int{}
	for _, rec := range recs {
		place, _ := rec.U64(uapi.AttrGraphNode)
		places[place]++
		_, hasTask := rec.Task()
		if inTask := place == 1; hasTask != inTask || (rec.Header().PID == uint32(os.Getpid())) != inTask {
			t.Errorf("from place %d: %v", place, rec)
		}
	}
	for place := range uint64(3) {
		if places[place+1] != 50 {
			t.Errorf("%d records of 50 from place %d", places[place+1], place+1)
		}
	}
}

// reload leaves the module loaded as it was found.
func reload(t *testing.T) string {
	path := moduleFile(t, moduleEnv)
	t.Cleanup(func() {
		remove("vexj")
		if err := load(path); err != nil {
			t.Fatal(err)
		}
	})
	return path
}

func TestModuleStaysWhileItIsUsed(t *testing.T) {
	path := reload(t)
	fd := openDevice(t, unix.O_RDWR)
	busy := func(what string) {
		t.Helper()
		if err := remove("vexj"); err != unix.EAGAIN && err != unix.EBUSY {
			t.Errorf("removing it while %s: %v", what, err)
		}
	}
	busy("it is open")
	if err := ioctl(fd, iocConsume, goodConsume()); err != nil {
		t.Fatal(err)
	}
	busy("it records")
	r := ringFD(t, fd, 0)
	unix.Close(fd)
	busy("a ring is open")
	control, err := unix.Mmap(r, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(r)
	busy("a ring is mapped")
	unix.Munmap(control)
	if err := remove("vexj"); err != nil {
		t.Fatalf("removing it when all is closed: %v", err)
	}
	if _, err := os.Stat(device.Path); err == nil {
		t.Error("the device is still there")
	}
	if err := insert(path, ""); err != nil {
		t.Fatal(err)
	}
}

func TestParameters(t *testing.T) {
	path := reload(t)
	if err := remove("vexj"); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"ring_bytes=0", "ring_bytes=4095", "ring_bytes=5000", "ring_bytes=536870912", "ring_bytes=-1",
		"watermark=4000000", "deadline_ms=0", "deadline_ms=60001", "prefixes=a", "prefixes=/a,b",
		"prefixes=/1,/2,/3,/4,/5,/6,/7,/8,/9", "uids=1,2,3,4,5,6,7,8,9", "uids=x", "devs=8", "devs=8:1:2", "devs=5000:1",
		"failed=maybe",
	} {
		if err := insert(path, bad); err == nil {
			t.Errorf("%s: taken", bad)
			remove("vexj")
		}
	}
	if err := insert(path, "ring_bytes=65536 watermark=1024 deadline_ms=20 prefixes=/a,/b/ uids=0,7 devs=8:1 cgroup=12 modify_only=1 failed=1"); err != nil {
		t.Fatal(err)
	}
	d := mustOpen(t)
	f, followed, err := d.Filter()
	i, err2 := d.Info()
	if err != nil || err2 != nil || followed {
		t.Fatal(followed, err, err2)
	}
	if i.RingBytes != 65536 || i.Watermark != 1024 || i.Deadline != 20 {
		t.Errorf("%+v", i)
	}
	if len(f.PathPrefixes) != 2 || f.PathPrefixes[1] != "/b/" || len(f.UIDs) != 2 || f.UIDs[1] != 7 ||
		len(f.Superblocks) != 1 || f.Superblocks[0] != unix.Mkdev(8, 1) || f.CgroupID != 12 || !f.ModifyOnly || !f.FailedToo {
		t.Errorf("%+v", f)
	}
	d.Close()
}

// Loading and removing it again and again, under all the load that it can record.
func TestReloadUnderLoad(t *testing.T) {
	path := reload(t)
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	if s := os.Getenv(roundsEnv); s != "" {
		var err error
		if rounds, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	null := openNull(t)
	// Made before the processes: they have ended then when it is removed.
	folder := t.TempDir()
	for i := range 3 {
		p := startProcess(t, null, nil)
		p.must(t, "churn "+filepath.Join(folder, strconv.Itoa(i)))
	}
	var recorded uint64
	for round := range rounds {
		if err := remove("vexj"); err != nil {
			t.Fatalf("round %d: removing: %v", round, err)
		}
		if err := insert(path, ""); err != nil {
			t.Fatalf("round %d: inserting: %v", round, err)
		}
		r, err := device.Consume(device.Options{RingBytes: 1 << 16})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for r.Counters().Attempted == 0 {
			time.Sleep(time.Millisecond)
		}
		recorded += r.Counters().Attempted
		if err := r.Close(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if n := round + 1; n%10 == 0 || n == rounds {
			t.Logf("%d records in %d rounds", recorded, n)
		}
	}
}

func openNull(t *testing.T) int {
	t.Helper()
	fd, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}
