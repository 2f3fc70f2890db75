// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vexj/kmod/device"
	"vexj/ring"
	"vexj/uapi"
)

func TestOneConsumer(t *testing.T) {
	r := begin(t, device.Options{})
	other := openDevice(t, unix.O_RDWR)
	if err := ioctl(other, iocConsume, goodConsume()); err != unix.EBUSY {
		t.Errorf("a second consumer: %v", err)
	}
	if _, err := device.Consume(device.Options{}); !errors.Is(err, device.ErrBusy) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("a second consumer is told: %v", err)
	}
	for _, command := range []uintptr{iocRing, iocSequence, iocStop} {
		if err := ioctl(other, command, make([]byte, 8)); err != unix.EPERM {
			t.Errorf("command %#x of one who is not the consumer: %v", command, err)
		}
	}
	i, err := mustOpen(t).Info()
	if err != nil || i.Consumer != os.Getpid() || i.Comm != comm(t) || !i.Armed() {
		t.Errorf("%+v, %v", i, err)
	}
	first := i.IDBase
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if i, err = mustOpen(t).Info(); err != nil || i.Armed() || i.Comm != "" {
		t.Errorf("after the run: %+v, %v", i, err)
	}
	if err := ioctl(other, iocConsume, goodConsume()); err != nil {
		t.Errorf("when it is gone: %v", err)
	}
	if i, _ := mustOpen(t).Info(); i.IDBase <= first || i.GlobalSequence != 0 {
		t.Errorf("ids do not rise from run to run: %x after %x", i.IDBase, first)
	}
}

// The run ends with the consumer, whatever way that goes.
func TestConsumerDies(t *testing.T) {
	fd := openDevice(t, unix.O_RDWR)
	p := startProcess(t, fd, nil)
	unix.Close(fd)
	p.must(t, fmt.Sprintf("ioctl %d 40", uint(iocConsume)))
	i, err := mustOpen(t).Info()
	if err != nil || i.Consumer != int(p.pid()) {
		t.Fatalf("%+v, %v; the consumer is %d", i, err, p.pid())
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.cmd.Wait()
	until(t, "the run to end", func() bool { i, err := mustOpen(t).Info(); return err == nil && !i.Armed() })
}

func TestSequence(t *testing.T) {
	r := begin(t, device.Options{})
	var want uint64
	for range 3 {
		if _, err := r.Write(sample(1, "")); err != nil {
			t.Fatal(err)
		}
		want += 2
		if got := r.NextSequence(); got != want {
			t.Fatalf("number %d after %d records", got, want/2)
		}
	}
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	if got := r.NextSequence(); got != 7 {
		t.Errorf("number %d after the end, not the highest", got)
	}
	for i, rec := range r.drain(t) {
		if rec.GlobalSequence() != uint64(2*i+1) {
			t.Errorf("record %d has number %d", i, rec.GlobalSequence())
		}
	}
}

// The reader is woken by a watermark at once, and below it by the deadline.
func TestWaking(t *testing.T) {
	for _, c := range []struct {
		name     string
		records  int
		atLeast  time.Duration
		deadline uint32
	}{
		{"watermark", 200, 0, 60000}, // more than the watermark on each of two CPUs
		{"deadline", 1, 250 * time.Millisecond, 300},
	} {
		t.Run(c.name, func(t *testing.T) {
			fd := openDevice(t, unix.O_RDWR)
			// What the writer's process does before it emits would begin the deadline.
			if err := ioctl(fd, iocFilterSet, onlyType(uapi.AgentDecision)); err != nil {
				t.Fatal(err)
			}
			if err := ioctl(fd, iocConsume, words(uint32(0), c.deadline, uint64(1<<16), uint32(8192), uint32(0), uint64(0), uint64(0))); err != nil {
				t.Fatal(err)
			}
			reader, rings := pollRings(t, fd)
			writer := startProcess(t, fd, nil)
			began := time.Now()
			for range c.records {
				writer.must(t, "emit 1")
			}
			wait(t, reader, rings, 50*time.Second)
			if took := time.Since(began); took < c.atLeast {
				t.Errorf("woken after %v", took)
			}
		})
	}
}

// pollRings opens the rings of the run of fd, and watches them as vexjd does.
func pollRings(t *testing.T, fd int) (int, []*ring.Ring) {
	t.Helper()
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(ep) })
	i, err := mustOpen(t).Info()
	if err != nil {
		t.Fatal(err)
	}
	var rings []*ring.Ring
	for cpu := range i.CPUs {
		rfd := ringFD(t, fd, cpu)
		r, err := ring.Open(rfd, i.RingBytes)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		rings = append(rings, r)
		e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(rfd)}
		if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, rfd, &e); err != nil {
			t.Fatal(err)
		}
	}
	return ep, rings
}

func wait(t *testing.T, ep int, rings []*ring.Ring, timeout time.Duration) {
	t.Helper()
	events := make([]unix.EpollEvent, 8)
	for end := time.Now().Add(timeout); time.Now().Before(end); {
		n, err := unix.EpollWait(ep, events, int(time.Until(end).Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			for _, r := range rings {
				if r.Pending() > 0 {
					return
				}
			}
		}
	}
	t.Fatal("nobody was woken")
}

// What a run's rings held when it ended can be read and peeked at.
func TestRingsOutliveRun(t *testing.T) {
	r := begin(t, device.Options{})
	for i := range uint64(10) {
		if _, err := r.Write(sample(i+1, "")); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	d := mustOpen(t)
	peeked := 0
	for cpu := range r.rings {
		recs, err := d.Peek(cpu, 1<<16)
		if err != nil {
			t.Fatal(err)
		}
		peeked += len(recs)
	}
	if recs := r.drain(t); len(recs) != 10 || peeked != 10 {
		t.Errorf("%d records read, %d peeked at; 10 emitted", len(recs), peeked)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	peeked = 0
	for cpu := range r.rings {
		recs, err := d.Peek(cpu, 1<<16)
		if err != nil {
			t.Fatal(err)
		}
		peeked += len(recs)
	}
	if peeked != 10 {
		t.Errorf("%d of 10 records peeked at when the consumer was gone", peeked)
	}
}

// Peek shows the last records, and those alone, however often the ring went round.
func TestPeekAtLast(t *testing.T) {
	r := begin(t, device.Options{RingBytes: 4096})
	d := mustOpen(t)
	for last := uint64(1); last <= 500; last++ {
		if _, err := r.Write(sample(last, "")); err != nil {
			t.Fatal(err)
		}
		r.drain(t)
		seen := map[uint64]bool{}
		for cpu := range r.rings {
			recs, err := d.Peek(cpu, 4096)
			if err != nil {
				t.Fatal(err)
			}
			before := uint64(0)
			for _, rec := range recs {
				if n := rec.GlobalSequence(); n <= before || n > last {
					t.Fatalf("number %d after %d, of %d", n, before, last)
				}
				before = rec.GlobalSequence()
				if want := sample(before, ""); !bytes.Equal(rec[len(rec)-8:], want[len(want)-8:]) {
					t.Fatalf("record %d is %x", before, rec)
				}
				seen[before] = true
			}
		}
		if !seen[last] {
			t.Fatalf("the last record, %d, is not among %v", last, seen)
		}
	}
}
