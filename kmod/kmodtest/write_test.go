// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"vexj/kmod/device"
	"vexj/uapi"
)

// build is a record of the type with what parts adds to it.
func build(ty uapi.Type, parts func(b *uapi.Builder)) []byte {
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{Type: ty})
	if parts != nil {
		parts(b)
	}
	return finish(b)
}

// holding is a record with this context, malformed or not.
func holding(context ...[]byte) []byte {
	rec := build(uapi.AgentDecision, nil)
	for _, c := range context {
		rec = append(rec, c...)
	}
	return with(with(rec, 64, uint32(len(rec))), 68, uint32(len(rec)-uapi.HeaderSize))
}

// with is the record with a u32 put at an offset.
func with(rec []byte, at int, v uint32) []byte {
	rec = bytes.Clone(rec)
	binary.LittleEndian.PutUint32(rec[at:], v)
	return rec
}

func TestRefusedRecords(t *testing.T) {
	good := sample(1, "")
	type refusal struct {
		name string
		rec  []byte
		want error
	}
	cases := []refusal{
		{"cut header", good[:131], unix.EINVAL},
		{"cut record", good[:len(good)-1], unix.EINVAL},
		{"event_id", with(good, 0, 1), unix.EINVAL},
		{"event_id high", with(good, 4, 1<<24), unix.EINVAL},
		{"type 0", with(good, 8, 0), unix.EINVAL},
		{"type of no category", with(good, 8, 0x0901), unix.EINVAL},
		{"type beyond 16 bits", with(good, 8, 0x10401), unix.EINVAL},
		{"type a category", with(good, 8, uint32(uapi.CategoryAgent)), unix.EINVAL},
		{"type after the last", with(good, 8, 0x0407), unix.EINVAL},
		{"ktime", with(good, 16, 1), unix.EINVAL},
		{"sequence", with(good, 24, 1), unix.EINVAL},
		{"cpu_id", with(good, 32, 1), unix.EINVAL},
		{"process_id", with(good, 36, 1), unix.EINVAL},
		{"global_sequence", with(good, 40, 1), unix.EINVAL},
		{"flags of a producer", with(good, 56, 0x10000), unix.EINVAL},
		{"flag compressed", with(good, 56, 0x20), unix.EINVAL},
		{"priority", with(good, 60, 6), unix.EINVAL},
		{"size below the header", with(good, 64, 128), unix.EINVAL},
		{"size beyond what is written", with(good, 64, uint32(len(good)+4)), unix.EINVAL},
		{"size beyond all bounds", with(good, 64, 1<<31), unix.EMSGSIZE},
		{"context beyond the record", with(good, 68, 16), unix.EINVAL},
		{"context wraps", with(good, 68, 0xfffffffc), unix.EINVAL},
		{"context odd", with(good, 68, 11), unix.EINVAL},
		{"payload beyond the record", with(good, 72, 4), unix.EINVAL},
		{"payload wraps", with(good, 72, 0xffffffff), unix.EINVAL},
		{"metadata wraps", with(good, 76, 0xffffffff), unix.EINVAL},
		{"version 1", with(good, 80, 1), unix.EINVAL},
		{"version 3", with(good, 80, 3), unix.EINVAL},
		{"checksum", with(good, 84, 1), unix.EINVAL},
		{"compression", with(good, 88, 1), unix.EINVAL},
		{"encryption", with(good, 92, 1), unix.EINVAL},
		{"links wrap", with(good, 96, 0xffffffff), unix.EINVAL},
		{"relevance", with(good, 124, 101), unix.EINVAL},
		{"attribute beyond the context", with(good, 132, 0xffff<<16|68), unix.EINVAL},
		{"attribute of another size", with(good, 132, 4<<16|68), unix.EINVAL},
		{"attribute twice", holding(good[132:], good[132:]), unix.EINVAL},
		{"padding", holding([]byte{74, 0, 1, 0, 'a', 1, 0, 0}), unix.EINVAL},
		{"path ends in NUL", holding([]byte{4, 0, 1, 0, 0, 0, 0, 0}), unix.EINVAL},
		{"longer than any record once stamped", build(uapi.AgentDecision, func(b *uapi.Builder) {
			b.Payload(make([]byte, uapi.MaxRecord-uapi.HeaderSize))
		}), unix.EMSGSIZE},
		{"task", build(uapi.AgentDecision, func(b *uapi.Builder) { b.AddTask(uapi.Task{TID: 1}) }), unix.EPERM},
		{"lost", build(uapi.AgentDecision, func(b *uapi.Builder) { b.AddLost(uapi.Lost{}) }), unix.EPERM},
		{"producer", build(uapi.AgentDecision, func(b *uapi.Builder) { b.AddProducer(uapi.ProducerAttr{}) }), unix.EPERM},
		{"clock", build(uapi.AgentDecision, func(b *uapi.Builder) { b.AddClock(uapi.Clock{}) }), unix.EPERM},
		{"coverage", build(uapi.AgentDecision, func(b *uapi.Builder) { b.AddString(uapi.AttrCoverage, "all") }), unix.EPERM},
	}
	for _, ty := range uapi.Types() {
		switch ty.Category() {
		case uapi.CategoryFilesystem, uapi.CategoryProcess, uapi.CategorySystem:
			cases = append(cases, refusal{ty.String(), build(ty, nil), unix.EPERM})
		}
	}
	r := begin(t, device.Options{RingBytes: 1 << 17})
	fd := openDevice(t, unix.O_WRONLY)
	for _, c := range cases {
		if n, err := unix.Write(fd, c.rec); n >= 0 && err == nil || err != c.want {
			t.Errorf("%s: %d, %v, not %v", c.name, n, err, c.want)
		}
	}
	if recs := r.drain(t); len(recs) != 0 {
		t.Errorf("%d records of what was refused", len(recs))
	}
	settled(t, r.Producer, 0)
}

// Each type that may be emitted comes out as it went in, but for what is stamped.
func TestEmitted(t *testing.T) {
	r := begin(t, device.Options{})
	fd := openDevice(t, unix.O_WRONLY)
	var sent [][]byte
	for _, ty := range emissions {
		sent = append(sent, build(ty, func(b *uapi.Builder) {
			b.AddString(uapi.AttrPath, "/a/b")
			b.AddString(uapi.AttrTags, `["x"]`)
			b.Payload([]byte("payload"))
			b.Metadata([]byte("meta"))
			b.AddLink(uapi.Link{Cause: 1, Effect: 2})
		}))
	}
	// All in one write, and some more in a second.
	all := bytes.Join(sent, nil)
	if n, err := unix.Write(fd, all); n != len(all) || err != nil {
		t.Fatal(n, err)
	}
	recs := r.drain(t)
	if len(recs) != len(sent) {
		t.Fatalf("%d records of %d", len(recs), len(sent))
	}
	for i, rec := range recs {
		want := uapi.Record(sent[i])
		h := rec.Header()
		task, ok := rec.Task()
		if !ok || task.TID == 0 || task.StartTime == 0 || int(h.PID) != os.Getpid() ||
			unix.ByteSliceToString(task.Comm[:]) != comm(t) {
			t.Errorf("%v: by %+v, process %d", h.Type, task, h.PID)
		}
		if h.GlobalSequence != uint64(i+1) || h.EventID != r.IDBase()+uint64(i+1) || h.Ktime == 0 || h.Sequence == 0 ||
			h.RootCause != h.EventID || h.Priority != uapi.PriorityNormal || h.VisibilityMask != ^uint64(0) {
			t.Errorf("stamped with %+v", h)
		}
		if h.Type != want.Type() || !bytes.Equal(rec.Path(), want.Path()) || !bytes.Equal(rec.Payload(), want.Payload()) ||
			!bytes.Equal(rec.Metadata(), want.Metadata()) || h.LinkCount != 1 {
			t.Errorf("sent %v\ngot %v", want, rec)
		}
	}
	settled(t, r.Producer, len(recs))
}

func TestShortWrite(t *testing.T) {
	r := begin(t, device.Options{})
	fd := openDevice(t, unix.O_WRONLY)
	good := sample(1, "")
	n, err := unix.Write(fd, append(append(bytes.Clone(good), good...), build(uapi.FSCreate, nil)...))
	if n != 2*len(good) || err != nil {
		t.Errorf("two good records and a bad one: %d bytes, %v; not those of the good", n, err)
	}
	if n, err := unix.Write(fd, nil); n != 0 || err != nil {
		t.Errorf("nothing: %d, %v", n, err)
	}
	settled(t, r.Producer, len(r.drain(t)))
}

func TestEmitWithoutConsumer(t *testing.T) {
	fd := openDevice(t, unix.O_WRONLY)
	if _, err := unix.Write(fd, sample(1, "")); err != unix.ENOTCONN {
		t.Error(err)
	}
	r := begin(t, device.Options{})
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(fd, sample(1, "")); err != unix.ENOTCONN {
		t.Errorf("after the run: %v", err)
	}
}

// A full ring is told to the writer, counted, and a gap in the numbers.
func TestFullRing(t *testing.T) {
	r := begin(t, device.Options{RingBytes: 4096})
	fd := openDevice(t, unix.O_WRONLY)
	var refused uint64
	for i := range uint64(200) {
		switch _, err := unix.Write(fd, sample(i+1, "")); err {
		case nil:
		case unix.ENOBUFS:
			refused++
		default:
			t.Fatal(err)
		}
	}
	recs := r.drain(t)
	settled(t, r.Producer, len(recs))
	if c := r.Counters(); refused == 0 || c.Lost[uapi.LostFull] != refused || len(recs)+int(refused) != 200 {
		t.Errorf("%d refused, %d records, %+v", refused, len(recs), c)
	}
	// Room that was given back is used again.
	if _, err := unix.Write(fd, sample(1, "")); err != nil {
		t.Error(err)
	}
	big := build(uapi.AgentDecision, func(b *uapi.Builder) { b.Payload(make([]byte, 4000)) })
	if _, err := unix.Write(fd, big); err != unix.EMSGSIZE {
		t.Errorf("a record as big as the ring: %v", err)
	}
}

// What is filtered by its type is counted, and no error. Calls of this process, which is
// the consumer, are filtered too: they are few.
func TestFilteredTypeIsNoError(t *testing.T) {
	r := begin(t, device.Options{Filter: uapi.Filter{Types: []uapi.Type{uapi.VectorCreate}}})
	fd := openDevice(t, unix.O_WRONLY)
	const unwanted = 200
	var recs []byte
	for i := range uint64(unwanted) {
		recs = append(recs, sample(i+1, "")...)
	}
	least := len(recs)
	before := r.Counters().Filtered
	if n, err := unix.Write(fd, append(recs, build(uapi.VectorCreate, nil)...)); err != nil || n <= least {
		t.Fatal(n, err)
	}
	filtered := r.Counters().Filtered - before
	got := r.drain(t)
	if len(got) != 1 || got[0].Type() != uapi.VectorCreate || filtered < unwanted || filtered > 2*unwanted {
		t.Errorf("%v, %d filtered", got, filtered)
	}
}
