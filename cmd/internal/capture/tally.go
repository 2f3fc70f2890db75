// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"fmt"
	"maps"

	"vexj/mirror"
	"vexj/uapi"
)

// Tally is how far a capture is, in one line.
type Tally struct {
	Records uint64 // taken from the rings into the journal
	Lost    uint64
	Stored  uint64 // bytes that the journal has grown by
}

// Tally may be called from any goroutine.
func (c *Capture) Tally() Tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tally()
}

// tally must be called with mu held.
func (c *Capture) tally() Tally {
	t := Tally{Stored: c.journal.Stats().StoredBytes}
	for _, m := range c.counted() {
		t.Records += m.Records
		for _, n := range m.Lost {
			t.Lost += n
		}
	}
	return t
}

// counted is what the mirrors have counted in all epochs, by producer. It must be called
// with mu held.
func (c *Capture) counted() map[uapi.Producer]mirror.Stats {
	all := map[uapi.Producer]mirror.Stats{}
	maps.Copy(all, c.past)
	now := c.now.mirror.Stats()
	id := uapi.Producer(c.now.producer.ID())
	if past, ok := all[id]; ok {
		now.Join(&past)
	}
	all[id] = now
	return all
}

func (t Tally) String() string {
	return fmt.Sprintf("%d records, %d lost, %s of journal", t.Records, t.Lost, Size(t.Stored))
}

// Size is a number of bytes for a person.
func Size(n uint64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, u := float64(n)/1024, 0
	for v >= 1024 && u < len(units)-1 {
		v, u = v/1024, u+1
	}
	return fmt.Sprintf("%.1f %ciB", v, units[u])
}

// ProducerName is what was chosen, such as bpf-syscall.
func (c *Capture) ProducerName() string { return uapi.Producer(c.current().producer.ID()).String() }
