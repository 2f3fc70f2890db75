// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"vexj/agent/server"
	"vexj/internal/latency"
)

// counts are of all subscribers that have gone, and of the hub.
type counts struct {
	streams   uint64 // begun
	records   uint64 // given out while somebody was live
	delivered uint64
	missed    uint64
}

// Stats are what a peer may know of the streams.
type Stats struct {
	Streams []StreamStats `json:"streams"` // with the scope admin everybody's, else those of the user
	// With the scope admin alone:
	Total *TotalStats `json:"total,omitempty"`
}

// StreamStats are those of one stream that is open.
type StreamStats struct {
	Number    int32     `json:"number"`
	UID       uint32    `json:"uid"`
	Filter    string    `json:"filter"`
	Since     time.Time `json:"since"`
	Live      bool      `json:"live"` // or it is being caught up
	Delivered uint64    `json:"delivered"`
	Missed    uint64    `json:"missed"`
	Queued    int       `json:"queued"`
}

// TotalStats are those of all streams since the recorder began.
type TotalStats struct {
	Begun     uint64 `json:"begun"`
	Records   uint64 `json:"records"` // looked at while somebody was live
	Delivered uint64 `json:"delivered"`
	Missed    uint64 `json:"missed"`
	// Delay is from the making of a record to when it was written to a live subscriber.
	Delay latency.Counts `json:"-"`
	// Memory in bytes: what streams hold, what they may hold with as many as are open,
	// but for a line of each that is longer than 16 KiB, and what the whole
	// process has.
	Memory      uint64 `json:"memory"`
	MemoryLimit uint64 `json:"memory_limit"`
	Resident    uint64 `json:"resident"`
}

// Stats of the streams of a user, or of all.
func (h *Hub) Stats(uid uint32, all bool) Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	stats := Stats{Streams: []StreamStats{}}
	t := TotalStats{Begun: h.count.streams, Records: h.count.records, Delivered: h.count.delivered, Missed: h.count.missed, Delay: h.delay,
		Memory: uint64(len(h.arena.data)), MemoryLimit: h.arena.limit}
	for _, s := range h.all() {
		delivered, missed := s.delivered.Load(), s.missing+s.missed
		t.Delivered += delivered
		t.Missed += missed
		if s.stage != scanning {
			t.Memory += uint64(cap(s.rest) + cap(s.queue)*spanSize)
		}
		t.MemoryLimit += uint64(maxQueue*spanSize + 2*restSize)
		if all || s.uid == uid {
			stats.Streams = append(stats.Streams, StreamStats{Number: s.number, UID: s.uid, Filter: s.text, Since: s.since.UTC(),
				Live: s.stage == live, Delivered: delivered, Missed: missed, Queued: len(s.queue)})
		}
	}
	if all {
		t.Resident = resident()
		stats.Total = &t
	}
	return stats
}

const spanSize = int(unsafe.Sizeof(span{}))

// resident is what the process has in memory, 0 if the system does not say.
func resident() uint64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	words := strings.Fields(string(b))
	if len(words) < 2 {
		return 0
	}
	pages, err := strconv.ParseUint(words[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}

func (h *Hub) serveStats(w http.ResponseWriter, _ *http.Request, p *server.Peer) error {
	return server.WriteJSON(w, h.Stats(p.UID, p.Has(server.ScopeAdmin)))
}
