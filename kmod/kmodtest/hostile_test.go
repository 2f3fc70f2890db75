// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/kmod/device"
)

// A consumer that writes anything at all to its page, while records are made
// on all CPUs, harms nobody: all that was attempted is recorded or lost, and the
// next run is whole.
func TestHostileConsumer(t *testing.T) {
	for _, size := range []uint64{4096, 1 << 20} {
		fd := openDevice(t, unix.O_RDWR)
		if err := ioctl(fd, iocConsume, words(uint32(0), uint32(1), size, uint32(1024), uint32(0), uint64(0), uint64(0))); err != nil {
			t.Fatal(err)
		}
		d := mustOpen(t)
		info, err := d.Info()
		if err != nil {
			t.Fatal(err)
		}
		var stop atomic.Bool
		var work sync.WaitGroup
		for cpu := range info.CPUs {
			r := ringFD(t, fd, cpu)
			control, err := unix.Mmap(r, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
			if err != nil {
				t.Fatal(err)
			}
			producer, err := unix.Mmap(r, int64(os.Getpagesize()), os.Getpagesize(), unix.PROT_READ, unix.MAP_SHARED)
			if err != nil {
				t.Fatal(err)
			}
			work.Go(func() {
				scribble(control, producer, size, uint64(cpu), &stop)
				unix.Munmap(control)
				unix.Munmap(producer)
			})
			work.Go(func() {
				for i := uint64(0); !stop.Load(); i++ {
					if _, err := unix.Write(fd, sample(i, "")); err != nil && err != unix.ENOBUFS {
						t.Error(err)
						return
					}
				}
			})
		}
		work.Go(func() {
			for !stop.Load() {
				for cpu := range info.CPUs {
					if _, err := d.Peek(cpu, 1<<16); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
		time.Sleep(3 * time.Second)
		stop.Store(true)
		work.Wait()
		c, err := d.Total()
		var lost uint64
		for _, n := range c.Lost {
			lost += n
		}
		if err != nil || c.Attempted == 0 || c.Attempted != c.Recorded+lost || c.Attempted != c.GlobalSequence || c.RingUsed > size*uint64(info.CPUs) {
			t.Errorf("rings of %d bytes: %+v, %v", size, c, err)
		}
		unix.Close(fd)
	}
	r := begin(t, device.Options{})
	for i := range uint64(100) {
		if _, err := r.Write(sample(i+1, "")); err != nil {
			t.Fatal(err)
		}
	}
	recs := r.drain(t)
	settled(t, r.Producer, 100)
	if len(nodes(recs)) != 100 {
		t.Errorf("%d records of 100 in the next run", len(recs))
	}
}

// scribble writes to the consumer's position what is right, nearly right, and
// nonsense, and to the rest of the page too.
func scribble(control, producer []byte, size, seed uint64, stop *atomic.Bool) {
	consumer := (*atomic.Uint64)(unsafe.Pointer(&control[0]))
	produced := (*atomic.Uint64)(unsafe.Pointer(&producer[0]))
	rng := rand.New(rand.NewPCG(seed, size))
	for !stop.Load() {
		at := produced.Load()
		switch rng.IntN(8) {
		case 0:
			consumer.Store(at)
		case 1:
			consumer.Store(at + rng.Uint64N(2*size))
		case 2:
			consumer.Store(at - rng.Uint64N(2*size))
		case 3:
			consumer.Store(rng.Uint64())
		case 4:
			consumer.Store(^uint64(0))
		case 5:
			consumer.Store(at - size)
		case 6:
			consumer.Store(0)
		default:
			control[rng.IntN(len(control))] = byte(rng.Uint32())
		}
	}
}
