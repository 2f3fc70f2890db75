// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"vexj/uapi"
)

// A script is what happens to the rings, in words:
//
//	0:5      CPU 0 records number 5
//	0:5~     it takes number 5 and room in its ring, and is interrupted
//	0:5!     it commits that; 0:5? it discards it
//	0:5=7    it records number 7 with the event id of 5
//	lost:5   number 5 finds the ring full; lost-path:5, for another reason
//	ahead:5  number 5 finds it full while number 4, taken, is not counted yet
//	junk:0   CPU 0's ring has bytes that are no record
//	wild:9   CPU 0 records number 9, which nobody gave out
//	broken:0 CPU 0's ring has a header that is impossible
//	given:9  numbers up to 9 were given out
//	emit:5   somebody emits a record, which is given number 5
//	pass     the mirror looks
//	+50ms    time goes by
//
// and what is in the journal then:
//
//	S1 2 3 L5*2full 6 E7
//
// a start, records, a LOST record in place of number 5 for 2 numbers, a stop.
type script struct {
	*bench
	t        *testing.T
	reserved map[string]uint64
	sequence map[int]uint64
}

func (s *script) run(words string) {
	for _, w := range strings.Fields(words) {
		s.step(w)
	}
}

func (s *script) step(word string) {
	verb, arg, _ := strings.Cut(word, ":")
	switch {
	case word == "pass":
		for more := true; more; {
			more, _ = s.pass(false)
		}
	case word[0] == '+':
		d, err := time.ParseDuration(word[1:])
		s.check(err)
		s.clock = s.clock.Add(d)
	case verb == "given":
		s.given(s.number(arg))
	case verb == "emit":
		id, err := s.Emit(numbered(0, 0, 0, 200))
		s.check(err)
		if id != testBase+s.number(arg) {
			s.t.Fatalf("emitted as %#x, not as number %s", id, arg)
		}
	case strings.HasPrefix(verb, "lost"):
		cause := uapi.LostFull
		if verb == "lost-path" {
			cause = uapi.LostPath
		}
		s.given(s.number(arg))
		s.src.count(func(c *Counters) { c.Lost[cause]++ })
	case verb == "ahead":
		s.src.number.Store(s.number(arg))
		s.src.count(func(c *Counters) { c.Attempted++; c.Lost[uapi.LostFull]++ })
	case verb == "junk":
		s.rings[s.number(arg)].output([]byte("this is no record"))
	case verb == "wild":
		s.rings[0].output(numbered(0, 1, s.number(arg), 200))
	case verb == "broken":
		s.rings[s.number(arg)].corrupt()
	default:
		s.record(int(s.number(verb)), arg)
	}
}

func (s *script) record(cpu int, arg string) {
	last := arg[len(arg)-1]
	name := fmt.Sprint(cpu, strings.TrimRight(arg, "~!?"))
	switch last {
	case '!', '?':
		s.rings[cpu].commit(s.reserved[name], last == '?')
		return
	}
	id, global, forged := strings.Cut(strings.TrimSuffix(arg, "~"), "=")
	n := s.number(id)
	s.sequence[cpu]++
	r := numbered(uint32(cpu), s.sequence[cpu], n, 200)
	if forged {
		h := r.Header()
		h.GlobalSequence = s.number(global)
		h.Put(r)
		n = 0
	}
	s.given(n)
	pos, ok := s.rings[cpu].reserve(r)
	if !ok {
		s.t.Fatalf("no room for %s", arg)
	}
	if last == '~' {
		s.reserved[name] = pos
		return
	}
	s.rings[cpu].commit(pos, false)
}

// given raises the counter to n, of which the start took one.
func (s *script) given(n uint64) {
	s.src.count(func(c *Counters) { c.Attempted = max(c.Attempted, n-min(n, 1)) })
	if n > s.src.number.Load() {
		s.src.number.Store(n)
	}
}

func (s *script) number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	s.check(err)
	return n
}

func (s *script) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func describe(records []uapi.Record) string {
	var words []string
	for _, r := range records {
		n := r.GlobalSequence()
		switch r.Type() {
		case uapi.SysProducerStart:
			words = append(words, fmt.Sprintf("S%d", n))
		case uapi.SysProducerStop:
			words = append(words, fmt.Sprintf("E%d", n))
		case uapi.SysLost:
			l, _ := r.Lost()
			words = append(words, fmt.Sprintf("L%d*%d%s", n, l.Count, l.Cause))
		default:
			words = append(words, strconv.FormatUint(n, 10))
		}
	}
	return strings.Join(words, " ")
}

func TestOrder(t *testing.T) {
	tests := []struct{ name, script, journal string }{
		{"nothing", "pass", "S1 E2"},
		{"one ring", "0:2 0:3 0:4 pass", "S1 2 3 4 E5"},
		{"two rings", "0:2 1:3 0:4 1:5 1:6 0:7 pass", "S1 2 3 4 5 6 7 E8"},
		{"a ring after the other", "0:2 0:3 0:4 1:5 1:6 1:7 pass", "S1 2 3 4 5 6 7 E8"},
		{"the later ring first", "1:5 1:6 1:7 0:2 0:3 0:4 pass", "S1 2 3 4 5 6 7 E8"},
		{"three rings", "2:4 1:2 0:3 pass 1:7 0:5 2:6 pass", "S1 2 3 4 5 6 7 E8"},
		{"inversion in a ring", "0:3 0:2 0:5 0:4 pass", "S1 2 3 4 5 E6"},
		{"deep inversion", "0:6 0:5 0:4 0:3 0:2 1:7 pass", "S1 2 3 4 5 6 7 E8"},
		{"discarded sample", "0:2 0:9~ 0:9? given:3 0:3 lost:9 pass +50ms pass 0:10 pass",
			"S1 2 3 L9*6unknown 10 E11"},
		{"late commit", "0:2~ 0:3 1:4 pass 0:2! pass", "S1 2 3 4 E5"},
		{"late commit within the grace", "0:2~ 1:3 pass +900ms pass 0:2! pass", "S1 2 3 E4"},
		{"commit found at the stop", "0:2~ 1:3 pass 0:2!", "S1 2 3 E4"},
		{"number before ring", "1:3 pass pass 0:2 pass", "S1 2 3 E4"},
		{"number at the stop", "given:4 1:4 pass 0:3 0:2", "S1 2 3 4 E5"},

		{"loss between", "0:2 lost:3 0:4 pass +50ms pass 0:5 pass", "S1 2 L3*1full 4 5 E6"},
		{"loss at the end", "0:2 0:3 lost:4 lost:5 pass +50ms pass", "S1 2 3 L5*2full E6"},
		{"loss found at the stop", "0:2 lost:3 0:4 pass", "S1 2 L3*1full 4 E5"},
		{"losses make one record", "0:2 lost:3 0:4 lost:5 0:6 lost:7 0:8 pass +50ms pass",
			"S1 2 4 6 L7*3full 8 E9"},
		{"another window another record", "0:2 lost:3 0:4 pass +50ms pass lost:5 0:6 pass +50ms pass +50ms pass",
			"S1 2 L3*1full 4 L5*1full 6 E7"},
		{"main cause", "0:2 lost-path:3 lost:4 lost-path:5 0:6 pass", "S1 2 L5*3path 6 E7"},
		{"loss and late commit", "0:2~ lost:3 1:4 pass +50ms pass 0:2! pass +50ms pass", "S1 2 L3*1full 4 E5"},
		{"loss above what is late", "1:3 lost:4 pass +50ms pass 0:2 pass +50ms pass", "S1 2 3 L4*1full E5"},
		{"loss counted before a lower number", "0:2 ahead:4 pass +50ms pass 1:3 pass +50ms pass", "S1 2 3 L4*1full E5"},
		{"no counter knows", "0:2 given:4 0:4 pass +999ms pass", "S1 2 L3*1unknown 4 E5"},
		{"after the grace", "0:2 0:4 pass +1s pass 0:5 pass", "S1 2 L3*1unknown 4 5 E6"},
		{"after its loss was told", "0:2 0:4 pass +1s pass 1:3 0:5 pass", "S1 2 L3*1unknown 4 5 E6"},

		{"emitted", "0:2 emit:3 pass 1:4 emit:5 emit:6 pass", "S1 2 3 4 5 6 E7"},
		{"emitted and a late commit", "0:2~ emit:3 1:4 pass +50ms pass 0:2! pass", "S1 2 3 4 E5"},
		{"emitted beside a loss", "0:2 lost:3 emit:4 pass +50ms pass emit:5 pass", "S1 2 L3*1full 4 5 E6"},
		{"emitted above a loss at the stop", "0:2 lost:3 emit:4", "S1 2 L3*1full 4 E5"},
		{"emitted at the stop", "0:2 emit:3", "S1 2 3 E4"},

		{"junk", "0:2 junk:0 0:3 pass", "S1 2 3 E4"},
		{"junk that had a number", "0:2 junk:0 given:3 0:4 pass +50ms pass", "S1 2 L3*1malformed 4 E5"},
		{"junk without a number explains nothing", "junk:0 0:2 pass pass pass given:3 0:4 pass +999ms pass 1:3 pass", "S1 2 3 4 E5"},
		{"losses after what came too late", "0:2 0:4 pass +1s pass 1:3 pass lost:5 0:6 pass +50ms pass 0:7 pass",
			"S1 2 L3*1unknown 4 L5*1full 6 7 E8"},
		{"forged number", "0:2 0:3=7 given:3 0:4 pass +50ms pass", "S1 2 L3*1malformed 4 E5"},
		{"a number twice", "0:2 1:2 0:4 0:4 0:3 pass", "S1 2 3 4 E5"},
		{"a number never given out", "0:2 wild:9000000000 0:3 pass", "S1 2 3 E4"},
		{"broken ring", "0:2 0:3 broken:0 1:4 pass 0:5 pass", "S1 2 3 4 5 E6"},
		{"broken ring with records", "0:2 broken:0 0:3 0:4 1:5 pass 0:6 pass +1s pass", "S1 2 L4*2malformed 5 6 E7"},
		{"broken ring with more", "0:2 broken:0 0:3 0:4 0:5 0:6 1:7 pass +1s pass", "S1 2 L6*4malformed 7 E8"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &script{bench: newBench(t, 3, 1<<16, Options{}), t: t,
				reserved: make(map[string]uint64), sequence: make(map[int]uint64)}
			s.now = func() time.Time { return s.clock }
			s.check(s.start())
			s.run(test.script)
			s.now = time.Now
			s.Grace = 0
			s.check(s.finish())
			if got := describe(s.journal.records); got != test.journal {
				t.Errorf("script  %s\njournal %s\nwant    %s", test.script, got, test.journal)
			}
			account(t, s.journal.records)
			if s.journal.synced != len(s.journal.records) {
				t.Error("the journal was not synced")
			}
		})
	}
}
