// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"vexj/agent/server"
	"vexj/agent/stream"
	"vexj/cmd/internal/capture"
	"vexj/internal/latency"
	"vexj/uapi"
)

// samples go to a scrape.
type samples struct{ to chan<- prometheus.Metric }

func (s samples) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (s samples) count(d *prometheus.Desc, n uint64, labels ...string) {
	s.to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func (s samples) seconds(d *prometheus.Desc, v float64, labels ...string) {
	s.to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

func (s samples) histogram(d *prometheus.Desc, c *latency.Counts, labels ...string) {
	buckets := make(map[float64]uint64, latency.Buckets-1)
	var sum uint64
	for i := range latency.Buckets - 1 {
		sum += c.In[i]
		buckets[latency.Bound(i).Seconds()] = sum
	}
	s.to <- prometheus.MustNewConstHistogram(d, c.Total(), c.Sum.Seconds(), buckets, labels...)
}

// other is the label of types that this program does not know.
const other = "other"

func (s samples) producers(m *capture.Measures) {
	for id, p := range m.Producers {
		name := id.String()
		unknown := p.Types
		for _, t := range uapi.Types() {
			if n := p.Types[t.Slot()]; n > 0 {
				s.count(records, n, name, t.String())
			}
			unknown[t.Slot()] = 0
		}
		var n uint64
		for _, of := range unknown {
			n += of
		}
		s.count(records, n, name, other)
		s.count(bytes, p.Bytes, name)
		s.count(emitted, p.Emitted, name)
		s.count(attempted, p.Counters.Attempted, name)
		s.count(filtered, p.Counters.Filtered, name)
		s.count(late, p.Late, name)
		s.histogram(delay, &p.Delay, name)
	}
	s.gauge(uncovered, float64(m.Uncovered))
}

// losses has every place where a record can be lost, also where none was.
func (s samples) losses(m *capture.Measures) {
	var producer, told [uapi.LostCauses]uint64
	var malformed, stray, refused uint64
	for _, p := range m.Producers {
		for i := range producer {
			producer[i] += p.Counters.Lost[i]
			told[i] += p.Lost[i]
		}
		malformed += p.Malformed
		stray += p.Stray
		refused += p.Refused
	}
	for i := range producer {
		cause := uapi.Cause(i).String()
		s.count(lost, producer[i], "producer", cause)
		s.count(lostTold, told[i], cause)
	}
	s.count(lost, malformed, "mirror", uapi.LostMalformed.String())
	s.count(lost, stray, "mirror", "stray")
	s.count(lost, refused, "journal", "write")
	if m.Streams != nil {
		s.count(lost, m.Streams.Total.Missed, "stream", stream.GapSlow)
	}
}

func (s samples) rings(m *capture.Measures) {
	for i, r := range m.Rings {
		s.gauge(ringSize, float64(r.Size), strconv.Itoa(i))
		s.gauge(ringPending, float64(r.Pending), strconv.Itoa(i))
	}
	var fill int
	var behind uint64
	for _, p := range m.Producers {
		fill, behind = max(fill, p.MaxFill), behind+p.Behind
	}
	s.gauge(ringMaxFill, float64(fill)/100)
	s.gauge(waiting, float64(m.Waiting))
	s.count(ringBehind, behind)
	if m.Held != nil {
		s.count(held, m.Held.Count)
		s.seconds(heldTime, m.Held.Time.Seconds())
	}
}

func (s samples) journal(m *capture.Measures) {
	for _, d := range m.Disk {
		s.gauge(journalSize, float64(d.Bytes), d.Dir)
		s.gauge(journalSegments, float64(d.Segments), d.Dir)
	}
	j := &m.Journal
	s.count(journalRecords, j.Records)
	s.count(journalRaw, j.RawBytes)
	s.count(journalStored, j.StoredBytes)
	s.count(journalBlocks, j.Blocks)
	s.histogram(journalSyncs, &j.Syncing)
	s.histogram(journalWriting, &j.Writing)
	s.count(journalStalls, j.Stalls)
	s.seconds(journalStalled, j.StallTime.Seconds())
	s.gauge(journalBuffers, float64(j.Free), "free")
	s.gauge(journalBuffers, float64(j.Buffers-j.Free), "used")
	stopped := 0.0
	if j.Stopped {
		stopped = 1
	}
	s.gauge(journalStopped, stopped)
	s.count(indexFailures, j.IndexFailures)
}

func (s samples) streams(st *stream.Stats) {
	live := 0
	for _, one := range st.Streams {
		if one.Live {
			live++
		}
	}
	s.gauge(subscribers, float64(live), "live")
	s.gauge(subscribers, float64(len(st.Streams)-live), "catching-up")
	s.count(begun, st.Total.Begun)
	s.count(delivered, st.Total.Delivered)
	s.histogram(streamDelay, &st.Total.Delay)
	s.gauge(streamMemory, float64(st.Total.Memory))
	s.gauge(streamCeiling, float64(st.Total.MemoryLimit))
}

func (s samples) agents(a *server.Stats) {
	s.count(requests, a.Requests)
	s.count(denied, a.Strangers, "user")
	s.count(denied, a.Unscoped, "scope")
	s.count(limited, a.Limited.Requests, "requests")
	s.count(limited, a.Limited.Events, "events")
	s.count(limited, a.Limited.Streams, "streams")
	s.count(limited, a.Limited.Connections, "connections")
}
