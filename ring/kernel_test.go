// SPDX-License-Identifier: Apache-2.0

package ring_test

import (
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"

	"vexj/ring"
)

//go:generate go tool bpf2go -cc clang-19 -target bpfel -tags linux -no-global-types -type request feed testdata/feed.bpf.c -- -O2 -mcpu=v3 -Wall -Wextra -Werror -I/usr/include/x86_64-linux-gnu -I/usr/include/aarch64-linux-gnu

// From include/uapi/linux/bpf.h.
const (
	noWakeup    = 1
	forceWakeup = 2
)

// A kernelRing is a BPF ring buffer and a program that fills it. These tests need
// root and Linux 5.17.
type kernelRing struct {
	t       *testing.T
	objects feedObjects
	ring    *ring.Ring
}

func newKernelRing(t *testing.T, size uint32) *kernelRing {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("loading a BPF program needs root")
	}
	must(t, rlimit.RemoveMemlock())
	spec, err := loadFeed()
	must(t, err)
	spec.Maps["samples"].MaxEntries = size
	counting := make([]byte, spec.Variables["counting"].Size())
	for i := range counting {
		counting[i] = byte(i)
	}
	must(t, spec.Variables["counting"].Set(counting))
	k := &kernelRing{t: t}
	must(t, spec.LoadAndAssign(&k.objects, nil))
	t.Cleanup(func() { must(t, k.objects.Close()) })
	k.ring = k.open()
	return k
}

func (k *kernelRing) open() *ring.Ring {
	k.t.Helper()
	m := k.objects.Samples
	r, err := ring.Open(m.FD(), int(m.MaxEntries()))
	must(k.t, err)
	k.t.Cleanup(func() { must(k.t, r.Close()) })
	return r
}

// feed makes samples and returns how many found room.
func (k *kernelRing) feed(args feedRequest) uint64 {
	status, err := k.objects.Feed.Run(&ebpf.RunOptions{Context: args, ContextOut: &args})
	if err != nil || status != 0 {
		k.t.Errorf("run: %d, %v", status, err)
	}
	return args.Done
}

// expect checks a sample's every byte.
func expect(t *testing.T, sample []byte, number, length uint64) {
	t.Helper()
	if uint64(len(sample)) != number%(length+1) {
		t.Fatalf("sample %d has %d bytes", number, len(sample))
	}
	for i, b := range sample {
		if b != byte(number+uint64(i)) {
			t.Fatalf("sample %d has %#x at %d", number, b, i)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestKernelNext(t *testing.T) {
	for _, test := range []feedRequest{
		{Count: 20, Length: 0},
		{Count: 20, Length: 7},
		{Count: 10, Length: 300},
		{Count: 3, Length: 1200},
		{Count: 12, Length: 200, DiscardEvery: 3},
		{Count: 12, Length: 200, DiscardEvery: 1},
	} {
		k := newKernelRing(t, 4096)
		for range 200 { // some laps around the ring
			if done := k.feed(test); done != test.Count {
				t.Fatalf("%d of %d samples found room", done, test.Count)
			}
			for number := test.First; number < test.First+test.Count; number++ {
				if test.DiscardEvery > 0 && number%uint64(test.DiscardEvery) == 0 {
					continue
				}
				sample, ok, err := k.ring.Next()
				if !ok || err != nil {
					t.Fatalf("sample %d: %v, %v", number, ok, err)
				}
				expect(t, sample, number, uint64(test.Length))
			}
			if _, ok, err := k.ring.Next(); ok || err != nil {
				t.Fatalf("after the last sample: %v, %v", ok, err)
			}
			k.ring.Release()
			test.First += test.Count
		}
	}
}

// TestKernelFull: the kernel takes the room that Release gives, no more.
func TestKernelFull(t *testing.T) {
	k := newKernelRing(t, 4096)
	batch := make([][]byte, 100)
	fits := k.feed(feedRequest{First: 100, Count: 1000, Length: 100})
	n, err := k.ring.Fill(batch)
	if uint64(n) != fits || err != nil {
		t.Fatalf("read %d of %d: %v", n, fits, err)
	}
	if done := k.feed(feedRequest{First: 100, Count: 1, Length: 100}); done != 0 {
		t.Fatal("room before Release")
	}
	k.ring.Release()
	if again := k.feed(feedRequest{First: 100, Count: 1000, Length: 100}); again != fits {
		t.Errorf("%d samples fit at first, then %d", fits, again)
	}
}

func TestKernelReopen(t *testing.T) {
	k := newKernelRing(t, 4096)
	k.feed(feedRequest{First: 1, Count: 2, Length: 100})
	sample, _, err := k.ring.Next()
	must(t, err)
	expect(t, sample, 1, 100)
	k.ring.Release()
	must(t, k.ring.Close())

	sample, ok, err := k.open().Next()
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	expect(t, sample, 2, 100)
}

// TestKernelWake waits without end for wakes that must come, and looks at what
// must not wake.
func TestKernelWake(t *testing.T) {
	k := newKernelRing(t, 1<<20)
	rd, err := ring.NewReader([]*ring.Ring{k.ring})
	must(t, err)
	defer rd.Close()
	args := feedRequest{Count: 1, Length: 100}
	for _, flags := range []uint64{forceWakeup, 0} {
		for range 100 {
			waited := make(chan error)
			go func() { waited <- rd.Wait(-1) }()
			args.Flags = flags
			k.feed(args)
			must(t, <-waited)
			// Read to the end, so that the kernel's own choice is to wake again.
			for ok := true; ok; {
				_, ok, err = k.ring.Next()
				must(t, err)
			}
			k.ring.Release()
		}
	}
}

func TestKernelClose(t *testing.T) {
	k := newKernelRing(t, 4096)
	rd, err := ring.NewReader([]*ring.Ring{k.ring})
	must(t, err)
	waited := make(chan error)
	go func() { waited <- rd.Wait(-1) }()
	must(t, rd.Close())
	if err := <-waited; !errors.Is(err, ring.ErrClosed) {
		t.Errorf("Wait: %v", err)
	}
}

// TestKernelConcurrent reads while the kernel writes, with wakes by watermark
// left to the deadline.
func TestKernelConcurrent(t *testing.T) {
	const total, length = 100000, 400
	k := newKernelRing(t, 64<<10)
	rd, err := ring.NewReader([]*ring.Ring{k.ring})
	must(t, err)
	defer rd.Close()

	var producer sync.WaitGroup
	producer.Go(func() {
		for number := uint64(0); number < total; {
			number += k.feed(feedRequest{First: number, Count: min(500, total-number), Length: length,
				DiscardEvery: 11, Flags: noWakeup})
		}
	})
	batch := make([][]byte, 64)
	number := uint64(1) // 0 is discarded
	for number < total {
		n, err := k.ring.Fill(batch)
		must(t, err)
		if n == 0 {
			must(t, rd.Wait(time.Millisecond))
			continue
		}
		for _, sample := range batch[:n] {
			if number%11 == 0 {
				number++
			}
			expect(t, sample, number, length)
			number++
		}
		k.ring.Release()
	}
	producer.Wait()
}

func TestKernelOpenWrongSize(t *testing.T) {
	k := newKernelRing(t, 4096)
	if r, err := ring.Open(k.objects.Samples.FD(), 8192); err == nil {
		t.Errorf("a ring of 4096 bytes opened as one of %d", r.Size())
		must(t, r.Close())
	}
}
