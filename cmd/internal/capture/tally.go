// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"fmt"

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
	m := c.now.mirror.Stats()
	t := Tally{Records: c.past.Records + m.Records, Lost: c.past.Lost, Stored: c.journal.Stats().StoredBytes}
	for _, n := range m.Lost {
		t.Lost += n
	}
	return t
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
