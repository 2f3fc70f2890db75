// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func TestClose(t *testing.T) {
	f, r := newFake(t, 4096)
	f.output(pattern(1, 10))
	f.output(pattern(2, 10))
	sample, ok, err := r.Next()
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	must(t, r.Close())
	must(t, r.Close())
	if !bytes.Equal(sample, pattern(1, 10)) {
		t.Error("a lent sample changed by Close")
	}
	r.Release()

	if _, ok, err := r.Next(); ok || !errors.Is(err, ErrClosed) || !errors.Is(err, os.ErrClosed) {
		t.Errorf("Next: %v, %v", ok, err)
	}
	if n, err := r.Fill(make([][]byte, 1)); n != 0 || !errors.Is(err, ErrClosed) {
		t.Errorf("Fill: %d, %v", n, err)
	}
	if _, err := r.Resync(); !errors.Is(err, ErrClosed) {
		t.Errorf("Resync: %v", err)
	}
	if _, err := NewReader([]*Ring{r}); !errors.Is(err, ErrClosed) {
		t.Errorf("NewReader: %v", err)
	}
	r.Release()
}

// TestCloseWhileReading closes a ring under a reader that is at work: whatever
// it holds has to stay mapped.
func TestCloseWhileReading(t *testing.T) {
	for range 30 {
		f, r := newFake(t, 4096)
		var closing atomic.Bool
		var threads sync.WaitGroup
		started := make(chan struct{})
		threads.Go(func() {
			for number := 0; !closing.Load(); number++ {
				f.output(pattern(number, 100))
				runtime.Gosched()
			}
		})
		threads.Go(func() {
			batch := make([][]byte, 8)
			once := sync.OnceFunc(func() { close(started) })
			for {
				n, err := r.Fill(batch)
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				for _, sample := range batch[:n] {
					if !isPattern(sample) {
						t.Errorf("sample %x", sample)
					}
					once()
				}
				r.Release()
			}
		})
		threads.Go(func() {
			for !closing.Load() {
				r.Pending()
				runtime.Gosched()
			}
		})
		<-started
		must(t, r.Close())
		closing.Store(true)
		threads.Wait()
	}
}

// TestConcurrent passes samples from one goroutine to another through a small
// ring and compares every byte.
func TestConcurrent(t *testing.T) {
	const count = 20000
	f, r := newFake(t, 4096)
	var threads sync.WaitGroup
	threads.Go(func() {
		for number := 0; number < count; {
			at, ok := f.reserve(number % 300)
			if !ok {
				runtime.Gosched()
				continue
			}
			if number%7 == 3 {
				f.discard(at)
			} else {
				f.commit(at, pattern(number, number%300))
			}
			number++
		}
	})
	batch := make([][]byte, 5)
	for number := 0; number < count-1; {
		n, err := r.Fill(batch)
		if err != nil {
			t.Error(err)
			break
		}
		if n == 0 {
			runtime.Gosched()
		}
		for _, sample := range batch[:n] {
			if number%7 == 3 {
				number++
			}
			if !bytes.Equal(sample, pattern(number, number%300)) {
				t.Fatalf("sample %d is %x", number, sample)
			}
			number++
		}
		r.Release()
	}
	threads.Wait()
}
