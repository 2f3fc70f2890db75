// SPDX-License-Identifier: Apache-2.0

package query

import (
	"testing"

	"vexj/uapi"
)

// What is left of a run after damage adds up again.
func TestMender(t *testing.T) {
	const base = uint64(uapi.ProducerTest)<<56 + 1000
	b := uapi.NewBuilder(nil)
	record := func(typ uapi.Type, n uint64, lost *uapi.Lost) uapi.Record {
		b.Begin(uapi.Header{EventID: base + n, GlobalSequence: n, Type: typ})
		if typ == uapi.SysProducerStart {
			b.AddProducer(uapi.ProducerAttr{Producer: uapi.ProducerTest, IDBase: base})
		}
		if typ == uapi.SysProducerStop {
			b.AddProducer(uapi.ProducerAttr{Producer: uapi.ProducerTest, IDBase: base, Attempted: n, Recorded: n})
		}
		if lost != nil {
			b.AddLost(*lost)
		}
		rec, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	tests := []struct {
		name   string
		lost   map[uint64]bool // of the numbers 1 to 12 that the journal had
		told   uint64
		record bool // number 6 is a LOST record for 5 and 6
	}{
		{"nothing", nil, 0, false},
		{"a stretch", map[uint64]bool{3: true, 4: true, 5: true}, 3, false},
		{"two", map[uint64]bool{3: true, 9: true, 10: true}, 3, false},
		{"all but the ends", map[uint64]bool{2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true, 10: true, 11: true}, 10, false},
		{"before a LOST record", map[uint64]bool{3: true, 4: true}, 2, true},
		{"behind a LOST record", map[uint64]bool{7: true}, 1, true},
		{"a LOST record too", map[uint64]bool{4: true, 6: true}, 3, true},
	}
	for _, test := range tests {
		var m Mender
		var a Account
		ordinal, damaged := uint64(0), false
		for n := uint64(1); n <= 12; n++ {
			typ, lost := uapi.FSWrite, (*uapi.Lost)(nil)
			switch {
			case n == 1:
				typ = uapi.SysProducerStart
			case n == 12:
				typ = uapi.SysProducerStop
			case n == 5 && test.record:
				continue
			case n == 6 && test.record:
				typ, lost = uapi.SysLost, &uapi.Lost{Count: 2, First: 5, Last: 6, Cause: uapi.LostFull, CPU: uapi.SeveralCPUs}
			}
			if test.lost[n] {
				if !damaged {
					m.Damaged()
				}
				damaged = true
				continue
			}
			damaged = false
			rec := append(uapi.Record(nil), record(typ, n, lost)...)
			extra, err := m.Before(rec)
			if err != nil {
				t.Fatal(err)
			}
			if extra != nil {
				ordinal++
				a.Add(ordinal, extra)
			}
			ordinal++
			a.Add(ordinal, rec)
		}
		a.Close()
		if m.Told != test.told || !a.Sound() || a.Missing() != 0 || a.Attempted() != 12 {
			t.Errorf("%s: told %d; attempted %d, recorded %d, lost %d, missing %d, %v", test.name, m.Told,
				a.Attempted(), a.Journaled(), a.Lost(), a.Missing(), a.Epochs[0].Problems)
		}
	}
}
