// SPDX-License-Identifier: Apache-2.0

package query

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"vexj/uapi"
	"vexj/userjournal"
)

// How many different values of each kind a Stat keeps. A path costs its length
// and some 80 bytes.
const (
	keepPaths     = 8192
	keepProcesses = 8192
	keepCommands  = 1024
	// maxOther bounds the types that no constant of uapi names.
	maxOther = 256
)

// Stat counts records. Make one with NewStat.
type Stat struct {
	Records uint64
	Bytes   uint64 // of the records themselves
	Failed  uint64 // operations
	Read    uint64 // bytes, by read operations that did not fail
	Written uint64 // the same for write operations
	Lost    uint64 // records, as LOST records tell

	First, Last         uint64 // ordinals of the first and the last record
	FirstTime, LastTime time.Time

	// Heaviest by number of operations.
	Paths     *Sketch
	Commands  *Sketch
	Processes *Sketch // see Process

	types    [statTypes]TypeStat
	other    map[uapi.Type]*TypeStat
	overflow TypeStat // of what other has no room for
	errnos   map[uapi.Errno]uint64

	firstKtime, lastKtime uint64
	process               [processKey]byte
}

const statTypes = 0x1000

// TypeStat counts the records of one type.
type TypeStat struct {
	Type    uapi.Type
	Records uint64
	Failed  uint64
	Bytes   uint64        // read or written
	Time    time.Duration // in the operation, where it was measured
}

// ErrnoCount is how many operations failed with an error.
type ErrnoCount struct {
	Errno   uapi.Errno
	Records uint64
}

// NewStat returns an empty one.
func NewStat() *Stat {
	return &Stat{
		Paths: NewSketch(keepPaths), Commands: NewSketch(keepCommands), Processes: NewSketch(keepProcesses),
		overflow: TypeStat{Type: ^uapi.Type(0)},
		other:    map[uapi.Type]*TypeStat{}, errnos: map[uapi.Errno]uint64{},
	}
}

// Measure counts the records of j that f takes.
func Measure(j Journal, f *Filter, opt userjournal.ScanOptions) (*Stat, error) {
	s := NewStat()
	add := func(ordinal uint64, r uapi.Record) error {
		s.Add(ordinal, r)
		return nil
	}
	if err := f.Scan(j, opt, add); err != nil {
		return nil, err
	}
	if s.Records > 0 {
		s.FirstTime, s.LastTime = j.WallTime(s.First, s.firstKtime), j.WallTime(s.Last, s.lastKtime)
	}
	return s, nil
}

// Add counts a record.
func (s *Stat) Add(ordinal uint64, r uapi.Record) {
	if s.Records == 0 || ordinal < s.First {
		s.First, s.firstKtime = ordinal, r.Ktime()
	}
	if ordinal >= s.Last {
		s.Last, s.lastKtime = ordinal, r.Ktime()
	}
	s.Records++
	s.Bytes += uint64(len(r))
	t := s.typeStat(r.Type())
	t.Records++
	if r.Flags().Has(uapi.FlagFailed) {
		t.Failed++
		s.Failed++
	}
	for tag, v := range r.Attrs() {
		switch tag {
		case uapi.AttrPath:
			s.Paths.Add(v, 1)
		case uapi.AttrIO:
			s.addIO(t, r)
		case uapi.AttrTask:
			s.addTask(r)
		case uapi.AttrLost:
			l, _ := r.Lost()
			s.Lost += l.Count
		}
	}
}

func (s *Stat) typeStat(t uapi.Type) *TypeStat {
	if t < statTypes {
		s.types[t].Type = t
		return &s.types[t]
	}
	ts := s.other[t]
	switch {
	case ts != nil:
	case len(s.other) < maxOther:
		ts = &TypeStat{Type: t}
		s.other[t] = ts
	default:
		return &s.overflow
	}
	return ts
}

func (s *Stat) addIO(t *TypeStat, r uapi.Record) {
	o, ok := r.IO()
	if !ok {
		return
	}
	t.Time += time.Duration(o.Duration)
	if o.Result < 0 {
		// A kernel has some 150 of them.
		if e := o.Errno(); e < 4096 {
			s.errnos[e]++
		}
		return
	}
	switch t.Type {
	case uapi.FSRead:
		t.Bytes += uint64(o.Result)
		s.Read += uint64(o.Result)
	case uapi.FSWrite:
		t.Bytes += uint64(o.Result)
		s.Written += uint64(o.Result)
	}
}

// Process names a process for ever: a pid alone is used again.
type Process struct {
	PID     uint32
	Start   uint64 // ns of CLOCK_BOOTTIME
	Command string // one that has had several counts as several
}

const processKey = 12 + 16

func (s *Stat) addTask(r uapi.Record) {
	t, ok := r.Task()
	if !ok {
		return
	}
	s.Commands.Add(t.Command(), 1)
	binary.LittleEndian.PutUint32(s.process[0:], r.PID())
	binary.LittleEndian.PutUint64(s.process[4:], t.StartTime)
	copy(s.process[12:], t.Comm[:])
	s.Processes.Add(s.process[:], 1)
}

// ParseProcess reads a key of Stat.Processes.
func ParseProcess(key string) Process {
	b := []byte(key)
	if len(b) != processKey {
		return Process{}
	}
	t := uapi.Task{Comm: [16]byte(b[12:])}
	return Process{
		PID: binary.LittleEndian.Uint32(b), Start: binary.LittleEndian.Uint64(b[4:]), Command: string(t.Command()),
	}
}

// Types returns the types that there were, the most frequent first.
func (s *Stat) Types() []TypeStat {
	var list []TypeStat
	for i := range s.types {
		if s.types[i].Records > 0 {
			list = append(list, s.types[i])
		}
	}
	for _, t := range s.other {
		list = append(list, *t)
	}
	if s.overflow.Records > 0 {
		list = append(list, s.overflow)
	}
	slices.SortFunc(list, func(a, b TypeStat) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Type, b.Type))
	})
	return list
}

// Errnos returns the errors that there were, the most frequent first.
func (s *Stat) Errnos() []ErrnoCount {
	var list []ErrnoCount
	for e, n := range s.errnos {
		list = append(list, ErrnoCount{e, n})
	}
	slices.SortFunc(list, func(a, b ErrnoCount) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Errno, b.Errno))
	})
	return list
}
