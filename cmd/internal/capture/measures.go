// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"os"
	"path/filepath"
	"strings"

	"vexj/agent/server"
	"vexj/agent/stream"
	"vexj/cmd/internal/status"
	"vexj/fuse"
	"vexj/mirror"
	"vexj/uapi"
	"vexj/userjournal"
)

// Measures are what a capture has counted since it began, and how it is now.
type Measures struct {
	Producers map[uapi.Producer]mirror.Stats
	Rings     []status.Ring // of the producer that is at work
	Waiting   int           // records of it that wait for a lower number
	Uncovered int           // lines of what it cannot see
	Held      *fuse.Waits   // of a mount; nil: it is none
	Journal   userjournal.WriterStats
	Disk      []Disk        // of each shard
	Agents    *server.Stats // nil: none are served
	Streams   *stream.Stats // the same
}

// A Disk is what a journal's folder has on it.
type Disk struct {
	Dir      string
	Segments int
	Bytes    int64
}

// Measures may be called from any goroutine. It counts nothing itself: what it returns
// is counted anyway, where it happens.
func (c *Capture) Measures() Measures {
	c.mu.Lock()
	m := Measures{Producers: c.counted()}
	c.mu.Unlock()
	e := c.current()
	for _, r := range e.rings {
		m.Rings = append(m.Rings, status.Ring{Size: r.Size(), Pending: r.Pending()})
	}
	m.Waiting = e.mirror.Stats().Waiting
	m.Uncovered = len(e.producer.Coverage())
	if p, ok := e.producer.(*fuse.Producer); ok {
		held := p.Waits()
		m.Held = &held
	}
	m.Journal = c.journal.Stats()
	for _, w := range c.journal.Shards() {
		m.Disk = append(m.Disk, diskOf(w.Dir()))
	}
	if c.agents != nil {
		agents, streams := c.agents.server.Stats(), c.agents.hub.Stats(0, true)
		m.Agents, m.Streams = &agents, &streams
	}
	return m
}

// diskOf leaves out what is removed while it looks.
func diskOf(dir string) Disk {
	d := Disk{Dir: dir}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return d
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		d.Bytes += info.Size()
		if filepath.Ext(e.Name()) == ".usjl" && !strings.HasPrefix(e.Name(), ".") {
			d.Segments++
		}
	}
	return d
}
