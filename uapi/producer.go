// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"encoding/binary"
	"strconv"
)

// Producer is what made a record: the top 8 bits of its event_id.
type Producer uint32

const (
	ProducerKmod       Producer = 1
	ProducerBPFVFS     Producer = 2
	ProducerBPFSyscall Producer = 3
	ProducerFUSE       Producer = 4
	ProducerVector     Producer = 5
	ProducerHNSW       Producer = 6
	ProducerAgent      Producer = 7
	ProducerTest       Producer = 8
	ProducerJournal    Producer = 9
)

var producerNames = [...]string{
	ProducerKmod:       "kmod",
	ProducerBPFVFS:     "bpf-vfs",
	ProducerBPFSyscall: "bpf-syscall",
	ProducerFUSE:       "fuse",
	ProducerVector:     "vector",
	ProducerHNSW:       "hnsw",
	ProducerAgent:      "agent",
	ProducerTest:       "test",
	ProducerJournal:    "journal",
}

// String returns the producer's word, or its number.
func (p Producer) String() string {
	if int64(p) < int64(len(producerNames)) && producerNames[p] != "" {
		return producerNames[p]
	}
	return strconv.FormatUint(uint64(p), 10)
}

// ParseProducer is the inverse of [Producer.String] for known producers.
func ParseProducer(s string) (Producer, bool) {
	if s == "" {
		return 0, false
	}
	for p, name := range producerNames {
		if name == s {
			return Producer(p), true
		}
	}
	return 0, false
}

// IDBase returns the event_id of global_sequence 0 for a producer that starts
// at a time given as CLOCK_REALTIME nanoseconds.
func IDBase(p Producer, realtime int64) uint64 {
	return uint64(p)<<56 | uint64(realtime)>>7
}

// ProducerAttr is struct vexj_attr_producer: what a producer counted itself.
type ProducerAttr struct {
	Producer  Producer
	Reserved  uint32
	IDBase    uint64
	Attempted uint64
	Recorded  uint64
	Lost      uint64
	Filtered  uint64
}

const producerSize = 48

func (p *ProducerAttr) get(b []byte) {
	_ = b[producerSize-1]
	p.Producer = Producer(binary.LittleEndian.Uint32(b[0:]))
	p.Reserved = binary.LittleEndian.Uint32(b[4:])
	p.IDBase = binary.LittleEndian.Uint64(b[8:])
	p.Attempted = binary.LittleEndian.Uint64(b[16:])
	p.Recorded = binary.LittleEndian.Uint64(b[24:])
	p.Lost = binary.LittleEndian.Uint64(b[32:])
	p.Filtered = binary.LittleEndian.Uint64(b[40:])
}

func (p *ProducerAttr) put(b []byte) {
	_ = b[producerSize-1]
	binary.LittleEndian.PutUint32(b[0:], uint32(p.Producer))
	binary.LittleEndian.PutUint32(b[4:], p.Reserved)
	binary.LittleEndian.PutUint64(b[8:], p.IDBase)
	binary.LittleEndian.PutUint64(b[16:], p.Attempted)
	binary.LittleEndian.PutUint64(b[24:], p.Recorded)
	binary.LittleEndian.PutUint64(b[32:], p.Lost)
	binary.LittleEndian.PutUint64(b[40:], p.Filtered)
}

// ProducerCounts returns the attribute of a PRODUCER_START or PRODUCER_STOP.
func (r Record) ProducerCounts() (p ProducerAttr, ok bool) {
	b := r.fixed(AttrProducer, producerSize)
	if b == nil {
		return p, false
	}
	p.get(b)
	return p, true
}

// AddProducer appends the producer attribute.
func (b *Builder) AddProducer(p ProducerAttr) {
	if dst := b.add(AttrProducer, producerSize); dst != nil {
		p.put(dst)
	}
}
