// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"time"

	"vexj/cmd/internal/terminal"
)

// bytesProgress says on a terminal how much of something is done.
type bytesProgress struct {
	out   *os.File
	line  bool
	drawn bool
	last  time.Time
}

func newBytesProgress(out *os.File) *bytesProgress {
	return &bytesProgress{out: out, line: terminal.Is(out), last: time.Now()}
}

func (p *bytesProgress) draw(done, size int64) {
	if !p.line || time.Since(p.last) < progressEvery {
		return
	}
	p.last, p.drawn = time.Now(), true
	fmt.Fprintf(p.out, "\r%3d %%\x1b[K", 100*done/max(size, 1))
}

func (p *bytesProgress) end() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
