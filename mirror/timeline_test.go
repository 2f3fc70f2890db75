// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"vexj/uapi"
)

// timedRecord is one of a producer that cannot number globally.
func timedRecord(cpu uint32, sequence, time uint64) uapi.Record {
	r := numbered(cpu, sequence, 0, 200)
	h := r.Header()
	h.EventID, h.Ktime = testBase+time, time
	h.Put(r)
	return r
}

func describeTimes(records []uapi.Record) string {
	var words []string
	for _, r := range records {
		switch r.Type() {
		case uapi.SysProducerStart:
			words = append(words, "S")
		case uapi.SysProducerStop:
			words = append(words, "E")
		case uapi.SysLost:
			l, _ := r.Lost()
			if l.CPU == uapi.SeveralCPUs {
				words = append(words, fmt.Sprintf("L*%d%s", l.Count, l.Cause))
			} else {
				words = append(words, fmt.Sprintf("L%d:%d*%d%s", l.CPU, r.Sequence(), l.Count, l.Cause))
			}
		default:
			words = append(words, fmt.Sprintf("%d:%d", r.CPU(), r.Sequence()))
		}
	}
	return strings.Join(words, " ")
}

func TestTimeline(t *testing.T) {
	type record struct {
		cpu            uint32
		sequence, time uint64
	}
	tests := []struct {
		name    string
		passes  [][]record
		lost    uint64
		journal string
	}{
		{"nothing", nil, 0, "S E"},
		{"by time", [][]record{{{0, 1, 10}, {1, 1, 5}, {0, 2, 20}, {1, 2, 15}}}, 0, "S 1:1 0:1 1:2 0:2 E"},
		{"same time", [][]record{{{1, 1, 5}, {0, 1, 5}, {0, 2, 5}}}, 0, "S 0:1 0:2 1:1 E"},
		{"late", [][]record{{{0, 1, 10}}, {{1, 1, 5}}}, 0, "S 0:1 1:1 E"},
		{"inversion in a ring", [][]record{{{0, 2, 11}, {0, 1, 10}, {0, 3, 12}}}, 0, "S 0:1 0:2 0:3 E"},
		{"lost between", [][]record{{{0, 1, 1}, {0, 4, 4}}}, 2, "S 0:1 0:4 L0:3*2full E"},
		{"lost on two CPUs", [][]record{{{0, 2, 1}, {1, 3, 4}}}, 3, "S 0:2 1:3 L0:1*1full L1:2*2full E"},
		{"lost at the end", [][]record{{{0, 1, 1}}}, 4, "S 0:1 L*4full E"},
		{"never came", [][]record{{{0, 1, 1}, {0, 3, 3}}}, 0, "S 0:1 0:3 L0:2*1unknown E"},
		{"a number twice", [][]record{{{0, 1, 1}, {0, 1, 1}, {0, 2, 2}}}, 0, "S 0:1 0:2 E"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, 2, 1<<16, Options{})
			b.src.unnumbered = true
			b.startAt(t, 0)
			seen := make(map[record]bool)
			var highest [2]uint64
			for _, records := range test.passes {
				for _, r := range records {
					b.rings[r.cpu].output(timedRecord(r.cpu, r.sequence, r.time))
					seen[r] = true
					highest[r.cpu] = max(highest[r.cpu], r.sequence)
				}
				b.pass(false)
			}
			attempted := max(highest[0]+highest[1], uint64(len(seen))+test.lost)
			b.src.count(func(c *Counters) {
				c.Attempted, c.Recorded, c.Lost[uapi.LostFull] = attempted, uint64(len(seen)), test.lost
			})
			b.endTimes(t)
			if got := describeTimes(b.journal.records); got != test.journal {
				t.Errorf("journal %s\nwant    %s", got, test.journal)
			}
		})
	}
}

// endTimes finishes, and checks that records and losses make what was attempted.
func (b *bench) endTimes(t *testing.T) {
	t.Helper()
	b.now = time.Now
	b.Grace = 0
	if err := b.finish(); err != nil {
		t.Fatal(err)
	}
	var journaled, lost uint64
	for _, r := range b.journal.records {
		if r.GlobalSequence() != 0 {
			t.Errorf("%s has the number %d", r.Type(), r.GlobalSequence())
		}
		if l, ok := r.Lost(); ok {
			lost += l.Count
		} else {
			journaled++
		}
	}
	p, _ := b.journal.records[len(b.journal.records)-1].ProducerCounts()
	if p.Attempted != journaled-2+lost {
		t.Errorf("%d attempted, %d journaled, %d lost", p.Attempted, journaled-2, lost)
	}
}

// TestTimelineAtRandom: any mixture of losses over CPUs is accounted for, in
// rings that are too small, with more waiting than there is memory for.
func TestTimelineAtRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	b := newBench(t, 3, 1<<13, Options{Hold: 1})
	b.src.unnumbered = true
	b.startAt(t, 0)
	clock, err := readClock()
	if err != nil {
		t.Fatal(err)
	}
	var sequence [3]uint64
	for n := range uint64(10000) {
		cpu := rnd.Uint32N(3)
		sequence[cpu]++
		at := n
		if rnd.IntN(4) == 0 {
			at = clock.Boottime + 1<<50 // has to wait
		}
		lost := rnd.IntN(50) == 0 || !b.rings[cpu].output(timedRecord(cpu, sequence[cpu], at))
		b.src.count(func(c *Counters) {
			c.Attempted++
			if lost {
				c.Lost[uapi.LostFull]++
			} else {
				c.Recorded++
			}
		})
		if rnd.IntN(60) == 0 {
			b.pass(false)
		}
	}
	b.endTimes(t)
	if s, c := b.Stats(), b.src.Counters(); s.Records != c.Recorded || s.Stray != 0 {
		t.Errorf("%d of %d journaled, %d stray", s.Records, c.Recorded, s.Stray)
	}
}
