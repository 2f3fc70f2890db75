// SPDX-License-Identifier: Apache-2.0

package boundary

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"vexj/uapi"
)

// SideOf is which side a record is of; ok is false for those of neither, such as those
// that agents emit, which pass unchanged.
func SideOf(rec uapi.Record) (s Side, ok bool) {
	switch rec.Producer() {
	case uapi.ProducerKmod, uapi.ProducerBPFVFS, uapi.ProducerBPFSyscall:
		return Kernel, true
	case uapi.ProducerFUSE:
		return User, true
	}
	return 0, false
}

// Options of a merge. The zero value is what most want.
type Options struct {
	Policy Policy
	// Window is how long records are held to be matched, by their own clock; 0:
	// 2 s.
	Window time.Duration
	// Slack is by how much clocks and the time between an act and its record may
	// differ; 0: 20 ms.
	Slack time.Duration
	// Hold is how many records are held at most; 0: 65,536. Those above it are given
	// out before their time, and counted as Forced.
	Hold int
	// Conflict is told of each conflict.
	Conflict func(Conflict)
}

// A Report is what came of a merge.
type Report struct {
	Tracker
	Records    [2]uint64 // read, of each Side
	Others     uint64    // of neither
	Duplicates uint64    // acts that both sides told of
	Alone      [2]uint64 // acts on objects of the mount that one side told of
	Conflicts  uint64
	Forced     uint64
	Written    uint64
}

// A Sink takes merged records. One is its own only during the call.
type Sink interface{ Append(rec uapi.Record) error }

// Run merges sources, each in the order of its time, into one order. A nil sink counts
// only. Records must be of one boot.
func Run(o Options, sink Sink, sources ...iter.Seq2[uapi.Record, error]) (*Report, error) {
	if o.Window <= 0 {
		o.Window = 2 * time.Second
	}
	if o.Slack <= 0 {
		o.Slack = 20 * time.Millisecond
	}
	if o.Hold <= 0 {
		o.Hold = 1 << 16
	}
	m := &merger{o: o, sink: sink, open: map[act][]*held{}, near: map[object][]*held{}}
	err := m.run(sources)
	return &m.report, err
}

// An object is a file by its backing device and inode.
type object struct{ dev, inode uint64 }

// An act is what both sides would tell of in the same way.
type act struct {
	object
	typ            uapi.Type
	offset, length int64
	side           Side
}

// A held record waits for its like.
type held struct {
	rec    uapi.Record
	act    act
	counts bool // it is an act on an object
	same   bool // matched
	gone   bool // the other one of two stays
	links  []uapi.Link
}

type merger struct {
	o      Options
	sink   Sink
	report Report
	queue  []*held // in order of time
	head   int
	open   map[act][]*held    // not matched, oldest first
	near   map[object][]*held // that are in the queue
	known  recent             // objects of the mount
	buf    *uapi.Builder
}

// run takes the records of all sources in order of time.
func (m *merger) run(sources []iter.Seq2[uapi.Record, error]) error {
	type input struct {
		next func() (uapi.Record, error, bool)
		rec  uapi.Record
	}
	var inputs []*input
	advance := func(in *input) error {
		rec, err, ok := in.next()
		in.rec = nil
		if ok && err == nil {
			in.rec = slices.Clone(rec)
		}
		return err
	}
	for _, s := range sources {
		next, stop := iter.Pull2(s)
		defer stop()
		in := &input{next: next}
		if err := advance(in); err != nil {
			return err
		}
		inputs = append(inputs, in)
	}
	for {
		var first *input
		for _, in := range inputs {
			if in.rec != nil && (first == nil || in.rec.Ktime() < first.rec.Ktime()) {
				first = in
			}
		}
		if first == nil {
			return m.drain(^uint64(0))
		}
		if err := m.take(first.rec); err != nil {
			return err
		}
		if err := advance(first); err != nil {
			return err
		}
	}
}

func (m *merger) take(rec uapi.Record) error {
	h := &held{rec: rec}
	side, ok := SideOf(rec)
	if ok {
		m.report.Records[side]++
		m.match(h, side)
	} else {
		m.report.Others++
	}
	m.queue = append(m.queue, h)
	if len(m.queue)-m.head > m.o.Hold {
		m.report.Forced++
		if err := m.give(); err != nil {
			return err
		}
	}
	if now, w := rec.Ktime(), uint64(m.o.Window); now > w {
		return m.drain(now - w)
	}
	return nil
}

// match finds the record of the other side that is of the same act.
func (m *merger) match(h *held, side Side) {
	f, known := h.rec.File()
	io, _ := h.rec.IO()
	if _, acts := changes[h.rec.Type()]; !acts || !known || h.rec.Flags().Has(uapi.FlagFailed) {
		return
	}
	h.counts = true
	h.act = act{object: object{uint64(f.DevMajor)<<32 | uint64(f.DevMinor), f.Inode}, typ: h.rec.Type(), side: side}
	if h.rec.Type() == uapi.FSWrite {
		h.act.offset, h.act.length = io.Offset, io.Result
	}
	if side == User {
		m.known.add(h.act.object)
		if p, ok := h.rec.Parents(); ok {
			m.known.add(object{h.act.dev, p.Inode})
		}
	}
	m.near[h.act.object] = append(m.near[h.act.object], h)
	other := h.act
	other.side = 1 - side
	for i, x := range m.open[other] {
		if !m.together(h, x, side) {
			continue
		}
		m.open[other] = slices.Delete(m.open[other], i, i+1)
		kernel, user := h, x
		if side == User {
			kernel, user = x, h
		}
		kernel.same, user.same, kernel.gone = true, true, true
		user.links = append(user.links, link(user, kernel, LinkSameAct, "the kernel saw it done"))
		m.report.Duplicates++
		return
	}
	m.open[h.act] = append(m.open[h.act], h)
}

// changes are the types of which both sides tell.
var changes = map[uapi.Type]struct{}{
	uapi.FSCreate: {}, uapi.FSDelete: {}, uapi.FSWrite: {}, uapi.FSRename: {}, uapi.FSChmod: {}, uapi.FSChown: {},
	uapi.FSTruncate: {}, uapi.FSMkdir: {}, uapi.FSRmdir: {}, uapi.FSSymlink: {}, uapi.FSHardlink: {}, uapi.FSMknod: {},
	uapi.FSSetxattr: {}, uapi.FSRemovexattr: {}, uapi.FSUtimes: {}, uapi.FSFallocate: {},
}

// together: the kernel's record ends while the other one lasts.
func (m *merger) together(h, x *held, side Side) bool {
	kernel, user := h.rec, x.rec
	if side == User {
		kernel, user = user, kernel
	}
	io, _ := user.IO()
	end, slack := user.Ktime(), uint64(m.o.Slack)
	begin := end - min(end, io.Duration+slack)
	return kernel.Ktime() >= begin && kernel.Ktime() <= end+slack
}

func link(from, to *held, kind uint32, why string) uapi.Link {
	l := uapi.Link{Cause: from.rec.EventID(), Effect: to.rec.EventID(), Type: kind, Strength: 100}
	if a, b := from.rec.Ktime(), to.rec.Ktime(); b > a {
		l.Delay = b - a
	}
	copy(l.Description[:], why)
	return l
}

// drain gives out what is not later than a time.
func (m *merger) drain(upto uint64) error {
	for m.head < len(m.queue) && m.queue[m.head].rec.Ktime() <= upto {
		if err := m.give(); err != nil {
			return err
		}
	}
	return nil
}

// give gives out the oldest record.
func (m *merger) give() error {
	h := m.queue[m.head]
	m.queue[m.head] = nil
	if m.head++; m.head > 4096 && m.head*2 > len(m.queue) {
		m.queue, m.head = slices.Delete(m.queue, 0, m.head), 0
	}
	m.track(h)
	if h.counts {
		if !h.gone {
			if err := m.conflicts(h); err != nil {
				return err
			}
		}
		remove(m.near, h.act.object, h)
		if !h.same {
			remove(m.open, h.act, h)
		}
	}
	if h.gone || m.sink == nil {
		return nil
	}
	rec, err := m.linked(h)
	if err == nil {
		err = m.sink.Append(rec)
	}
	m.report.Written++
	return err
}

func remove[K comparable](from map[K][]*held, k K, h *held) {
	list := from[k]
	if i := slices.Index(list, h); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if len(list) == 0 {
		delete(from, k)
		return
	}
	from[k] = list
}

// track takes the sequences on.
func (m *merger) track(h *held) {
	side, ok := SideOf(h.rec)
	switch {
	case ok && h.rec.Type() == uapi.SysLost:
		m.report.Lose(side)
	case !h.counts || h.gone:
	case h.same:
		m.report.Matched()
	case side == User || m.known.has(h.act.object) || m.inKnown(h):
		m.report.Tracker.Alone(side)
		m.report.Alone[side]++
	}
}

// inKnown: it is in a directory of the mount.
func (m *merger) inKnown(h *held) bool {
	p, ok := h.rec.Parents()
	return ok && (m.known.has(object{h.act.dev, p.Inode}) || m.known.has(object{h.act.dev, p.Inode2}))
}

// conflicts finds those of the oldest record with later ones of the other side.
func (m *merger) conflicts(h *held) error {
	mine, ok := aspectOf(h.rec)
	if !ok {
		return nil
	}
	for _, x := range m.near[h.act.object] {
		// What came just now may find its like yet.
		if x == h || x.act.side == h.act.side || x.gone || h.same && x.same ||
			x.rec.Ktime()-min(h.rec.Ktime(), x.rec.Ktime()) > uint64(m.o.Window)/2 {
			continue
		}
		if theirs, ok := aspectOf(x.rec); ok {
			if word := shared(mine, theirs); word != "" {
				if err := m.resolve(h, x, word); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// resolve applies the policy to a conflict.
func (m *merger) resolve(first, second *held, word string) error {
	m.report.Conflicts++
	c := Conflict{First: first.rec.EventID(), Second: second.rec.EventID(), Kernel: first.rec.EventID(),
		Path: string(first.rec.Path()), Aspect: word}
	if first.act.side == User {
		c.Kernel = c.Second
	}
	switch m.o.Policy {
	case LastWriter:
		c.Stands = c.Second
		second.links = append(second.links, link(second, first, LinkSupersedes, word))
	case FirstWriter:
		c.Stands = c.First
		first.links = append(first.links, link(first, second, LinkSupersedes, word))
	case Merge:
		if word == "data" {
			second.links = append(second.links, link(second, first, LinkMerged, word))
		}
	}
	if m.o.Conflict != nil {
		m.o.Conflict(c)
	}
	if m.o.Policy == Reject {
		return fmt.Errorf("%w: records %d and %d both change the %s of %q", ErrConflict, c.First, c.Second, word, c.Path)
	}
	return nil
}

// linked is the record with its links.
func (m *merger) linked(h *held) (uapi.Record, error) {
	if len(h.links) == 0 {
		return h.rec, nil
	}
	if m.buf == nil {
		m.buf = uapi.NewBuilder(nil)
	}
	b := m.buf
	b.Begin(h.rec.Header())
	b.Context(h.rec.Context())
	if p := h.rec.Payload(); len(p) > 0 {
		b.Payload(p)
	}
	if d := h.rec.Metadata(); len(d) > 0 {
		b.Metadata(d)
	}
	for i := range h.rec.LinkCount() {
		b.AddLink(h.rec.Link(i))
	}
	for _, l := range h.links {
		b.AddLink(l)
	}
	return b.Finish()
}

// recentObjects bounds how many objects are remembered, twice.
const recentObjects = 1 << 16

// recent remembers the objects that were added last.
type recent struct{ now, before map[object]struct{} }

func (r *recent) add(o object) {
	if o.inode == 0 {
		return
	}
	if r.now == nil || len(r.now) >= recentObjects {
		r.now, r.before = map[object]struct{}{}, r.now
	}
	r.now[o] = struct{}{}
}

func (r *recent) has(o object) bool {
	if _, ok := r.now[o]; ok {
		return true
	}
	_, ok := r.before[o]
	return ok
}
