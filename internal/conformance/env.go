// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Env is what a scenario works with: its directory, and the facts that Setup
// and Do, in the child, leave for Want, in the parent.
type Env struct {
	// Base holds the two markers and Dir, is absolute and free of symbolic links.
	Base string

	// Dir is the fresh directory of the row and the thread's working directory.
	Dir string

	facts map[string]int64

	cleanup []func()
	ring    *uring
	keep    [][]byte
}

func newEnv(base string) *Env {
	return &Env{Base: base, Dir: filepath.Join(base, "w"), facts: map[string]int64{}}
}

// P returns the absolute path of a name in Dir. It is not cleaned: what comes
// after Dir reaches the kernel as it stands here.
func (e *Env) P(name string) string {
	if name == "" {
		return e.Dir
	}
	return e.Dir + "/" + name
}

// Note leaves a fact for Want.
func (e *Env) Note(key string, v int64) { e.facts[key] = v }

// Fact returns what Note left under key; 0 if nothing did.
func (e *Env) Fact(key string) int64 { return e.facts[key] }

// NoteErr notes the outcome of an operation that a filesystem may refuse: 0 or
// -errno.
func (e *Env) NoteErr(key string, err error) {
	e.Note(key, outcome(err))
}

func outcome(err error) int64 {
	var errno unix.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &errno):
		return -int64(errno)
	}
	return -int64(unix.EIO)
}

// broken is the panic of a scenario whose operations did not go as it says. It
// never reaches a caller: the child reports it.
type broken struct{ err error }

// Must ends a scenario whose operation failed and should not have.
func (e *Env) Must(err error) {
	if err != nil {
		panic(broken{fmt.Errorf("operation failed: %w", err)})
	}
}

// Fails ends a scenario whose operation did not fail with want.
func (e *Env) Fails(err error, want unix.Errno) {
	if !errors.Is(err, want) {
		panic(broken{fmt.Errorf("operation ended with %v instead of %v", err, want)})
	}
}

// FailsEither is Fails where filesystems differ; it notes which it was.
func (e *Env) FailsEither(key string, err error, one, other unix.Errno) {
	if !errors.Is(err, one) {
		e.Fails(err, other)
	}
	e.NoteErr(key, err)
}

// N ends a scenario whose operation failed or did not do exactly want bytes.
func (e *Env) N(n int, err error, want int) {
	e.Must(err)
	if n != want {
		panic(broken{fmt.Errorf("operation did %d bytes instead of %d", n, want)})
	}
}

// Cleanup runs f in the child once the capture has ended.
func (e *Env) Cleanup(f func()) { e.cleanup = append(e.cleanup, f) }

func (e *Env) runCleanup() {
	for i := len(e.cleanup) - 1; i >= 0; i-- {
		e.cleanup[i]()
	}
}

// Bind makes label, in Setup, stand for the object that path names now.
func (e *Env) Bind(label, path string) {
	var st unix.Stat_t
	e.Must(unix.Lstat(e.P(path), &st))
	e.Note("ino:"+label, int64(st.Ino))
}
