// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A progress is shared memory that tells, if the process ends in the middle, which
// steps were done since the last checkpoint. What is stored there before the process
// ends is there for the next one, but not for the next boot. Two windows take turns:
//
//	  0 magic, 8   8 boot id, 16   24 serial of the checkpoint, u64
//	 32 current, u64: 0 or 1, which window counts
//	 64 two windows of 16 + windowSteps bytes:
//	      0 number of its first record, u64
//	      8 steps, u64
//	     16 a byte for each step: 1 if it was done
//	... slots of the workers: step + 1, u64; note, u64; 48 unused
//
// Numbers are those of the machine: the file does not leave it. A nil progress is one
// that nobody needs.
type progress struct {
	b    []byte
	name string
}

const (
	progressMagic  = "vexjprg\x01"
	progressHead   = 64
	progressWindow = 16 + windowSteps
	progressSlots  = progressHead + 2*progressWindow
	slotSize       = 64
	slots          = 64
	maxWorkers     = slots / 2
	progressSize   = progressSlots + slots*slotSize
)

// openProgress maps the file. fresh: what is there is of no interest.
func openProgress(name string, fresh bool) (*progress, error) {
	flags := os.O_RDWR | os.O_CREATE
	if fresh {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(name, flags, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(progressSize); err != nil {
		return nil, err
	}
	b, err := unix.Mmap(int(f.Fd()), 0, progressSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", name, err)
	}
	return &progress{b: b, name: name}, nil
}

func (p *progress) word(off int) *uint64 { return (*uint64)(unsafe.Pointer(&p.b[off])) }

// start begins to count from a checkpoint.
func (p *progress) start(serial uint64) {
	if p == nil {
		return
	}
	copy(p.b, progressMagic)
	copy(p.b[8:24], bootID())
	*p.word(progressHead), *p.word(progressHead + 8) = 0, 0
	atomic.StoreUint64(p.word(32), 0)
	// Last: it says that the rest is about this checkpoint.
	atomic.StoreUint64(p.word(24), serial)
}

// begin makes w the window that counts.
func (p *progress) begin(w *window) {
	if p == nil {
		return
	}
	next := 1 - *p.word(32)
	at := progressHead + int(next)*progressWindow
	*p.word(at), *p.word(at + 8) = w.number, uint64(len(w.tasks))
	clear(p.b[at+16 : at+progressWindow])
	for i := range w.tasks {
		if w.tasks[i].skip {
			p.b[at+16+i] = 1
		}
	}
	// What was noted for steps that are done again stays, in slots of its own:
	// it is of the same steps whichever of the two windows counts.
	kept := slots
	for i := range w.tasks {
		if n := w.tasks[i].doing.noted; n != 0 && !w.tasks[i].skip {
			kept--
			s := p.slot(kept)
			s.begin(int32(i))
			s.note(n)
		}
	}
	for i := range kept {
		*p.slot(i).step = 0
	}
	atomic.StoreUint64(p.word(32), next)
}

// done notes that a step of the window was done.
func (p *progress) done(i int32) {
	if p != nil {
		p.b[progressHead+int(*p.word(32))*progressWindow+16+int(i)] = 1
	}
}

// A slot is what a worker has in hand.
type slot struct{ step, noted *uint64 }

func (p *progress) slot(i int) *slot {
	if p == nil {
		return nil
	}
	at := progressSlots + i*slotSize
	return &slot{p.word(at), p.word(at + 8)}
}

func (s *slot) begin(i int32) {
	if s != nil {
		*s.noted = 0
		atomic.StoreUint64(s.step, uint64(i)+1)
	}
}

func (s *slot) note(n uint64) {
	if s != nil {
		atomic.StoreUint64(s.noted, n)
	}
}

// An interrupted window is one that was under way when the process ended.
type interrupted struct {
	number uint64 // of its first record
	done   []bool
	notes  map[int]uint64
}

// read returns what was under way after the checkpoint with the serial, nil for
// nothing: no step was begun, or the machine was started again.
func (p *progress) read(serial uint64) *interrupted {
	if p == nil {
		return nil
	}
	if string(p.b[:8]) != progressMagic || string(p.b[8:24]) != string(bootID()) || *p.word(24) != serial {
		return nil
	}
	at := progressHead + int(*p.word(32)&1)*progressWindow
	steps := min(*p.word(at + 8), windowSteps)
	if steps == 0 {
		return nil
	}
	w := &interrupted{number: *p.word(at), done: make([]bool, steps), notes: map[int]uint64{}}
	for i := range w.done {
		w.done[i] = p.b[at+16+i] != 0
	}
	for i := range slots {
		if s := p.slot(i); *s.step != 0 && *s.noted != 0 {
			w.notes[int(*s.step-1)] = *s.noted
		}
	}
	return w
}

// close unmaps the file; remove takes it away too.
func (p *progress) close(remove bool) error {
	if p == nil {
		return nil
	}
	err := unix.Munmap(p.b)
	if remove {
		err = errors.Join(err, os.Remove(p.name))
	}
	return err
}

// bootID is 16 bytes that name this boot.
func bootID() []byte {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return make([]byte, 16)
	}
	var b []byte
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			b = append(b, c-'0')
		case c >= 'a' && c <= 'f':
			b = append(b, c-'a'+10)
		}
	}
	out := make([]byte, 16)
	for i := range out {
		if 2*i+1 < len(b) {
			out[i] = b[2*i]<<4 | b[2*i+1]
		}
	}
	return out
}
