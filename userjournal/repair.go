// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"vexj/internal/blake3"
	"vexj/uapi"
)

// unfinishedName is in a directory that is being filled with a journal, until all
// of it is there and durable: nobody is to take a part for the whole.
const unfinishedName = "UNFINISHED"

// RepairOptions of Repair. The zero value keeps what can be read.
type RepairOptions struct {
	// OnDamage is told what cannot be read, in order.
	OnDamage func(*DamageError)
	// Before may return a record to be put before the one with the ordinal,
	// which is that of the old journal; nil for none.
	Before func(ordinal uint64, rec uapi.Record) (uapi.Record, error)
	// Key signs the new segments.
	Key *SigningKey
	// FS is the machine's filesystem if nil.
	FS FS
}

// A RepairReport is what Repair did.
type RepairReport struct {
	Journal  [16]byte // the new one
	Segments int
	Records  uint64 // kept
	Added    uint64 // by Before
	Lost     uint64
	Damage   int // how often OnDamage was told
	First    uint64
	Last     uint64 // ordinals in the new journal
}

// Repair writes all that can be read of a journal into a new one, in a directory
// that is empty or is made. The old one is never changed. Records stay what they
// were, in the same order; ordinals behind damage get smaller, because a whole
// journal has no gaps. The new journal has an identity of its own, and its headers
// name the old one. Checkpoints of the old one say nothing of it. Of a shard it
// makes one that can take its place.
//
// A record whose block is not what the chain says is taken for damaged: what
// somebody changed is not kept as if it was sound. If Repair is cut off, the
// directory it wrote to is refused by all who open it.
func Repair(from, to string, o RepairOptions) (RepairReport, error) {
	if o.FS == nil {
		o.FS = OSFS
	}
	r := repair{o: o, to: to, block: newBuffer(defaultBlockSize)}
	err := r.run(from)
	if err != nil {
		err = fmt.Errorf("repair journal: %w", err)
	}
	return r.report, err
}

type repair struct {
	o      RepairOptions
	to     string
	report RepairReport

	header segmentHeader // of the old segment that is being read
	next   segmentHeader // of the new one to come
	out    *segmentWriter
	pack   blockPacker
	block  *buffer // of it
	buffer blockBuffer
	expect uint64 // ordinal, of the old journal
}

func (r *repair) run(from string) error {
	if pid, err := WriterPID(from); err != nil {
		return err
	} else if pid != 0 {
		return &LockedError{Dir: from, PID: pid}
	}
	in, err := OpenFS(r.o.FS, from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := r.begin(); err != nil {
		return err
	}
	segments := in.segments
	r.expect = segments[0].first
	r.next = segmentHeader{Journal: newID(), First: r.expect, Index: 1}
	r.report.Journal, r.report.First = r.next.Journal, r.expect
	r.block.open(r.next.First)
	for i, x := range segments {
		limit := uint64(maxOrdinal)
		if i+1 < len(segments) {
			limit = segments[i+1].first - 1
		}
		if err := r.segment(in, x, limit); err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(from, x.name), err)
		}
	}
	r.report.Last = r.next.First - 1
	if err := r.takePlace(from); err != nil {
		return err
	}
	if r.report.Segments == 0 {
		// An empty journal still tells where it comes from.
		if err := r.open(); err != nil {
			return err
		}
		if err := r.seal(); err != nil {
			return err
		}
	}
	return r.end()
}

// begin makes sure that the directory is free, and marks it.
func (r *repair) begin() error {
	fsys := r.o.FS
	if err := fsys.MkdirAll(r.to); err != nil {
		return err
	}
	names, foreign, err := listSegments(fsys, r.to)
	if err != nil {
		return err
	}
	if len(names) > 0 || len(foreign) > 0 {
		return fmt.Errorf("%w: %s is not empty; give a new directory", ErrExists, r.to)
	}
	f, err := fsys.Create(filepath.Join(r.to, unfinishedName))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close(), fsys.SyncDir(r.to))
}

// takePlace makes the new journal of a shard the same shard of its set.
func (r *repair) takePlace(from string) error {
	s, err := readShard(r.o.FS, from)
	if notExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return replaceFile(r.o.FS, filepath.Join(r.to, shardName), s.encode())
}

// end makes the names durable, and then lets the journal be opened.
func (r *repair) end() error {
	fsys := r.o.FS
	if err := fsys.SyncDir(r.to); err != nil {
		return err
	}
	if err := fsys.Remove(filepath.Join(r.to, unfinishedName)); err != nil {
		return err
	}
	return fsys.SyncDir(r.to)
}

func (r *repair) damage(d *DamageError) {
	r.report.Damage++
	r.report.Lost += d.lost()
	if r.o.OnDamage != nil {
		r.o.OnDamage(d)
	}
}

// missing is told that the old journal goes on with the ordinal.
func (r *repair) missing(name string, ordinal uint64) {
	if ordinal > r.expect {
		r.damage(&DamageError{Segment: name, First: r.expect, Last: ordinal - 1, Err: errMissing})
	}
	r.expect = max(r.expect, ordinal)
}

// segment copies one segment. limit is the last ordinal that is its own.
func (r *repair) segment(in *Reader, x *index, limit uint64) error {
	in.mu.Lock()
	err := in.load(x, true)
	entries := slices.Clone(x.entries)
	in.mu.Unlock()
	if err != nil {
		if !gone(err) {
			return err
		}
		r.damage(&DamageError{Segment: x.name, First: 1, Err: err})
		return nil
	}
	f, err := in.open(x)
	if err != nil {
		return err
	}
	defer f.Close()
	if !x.guessed || r.header.Created == 0 {
		r.header = *x.header // clocks of one that was lost are those before it
	}
	for i := range entries {
		if err := r.copy(f, x, &entries[i], limit); err != nil {
			return err
		}
	}
	if limit < maxOrdinal {
		r.missing(x.name, limit+1)
	}
	return r.seal()
}

func (r *repair) copy(f File, x *index, e *entry, limit uint64) error {
	r.missing(x.name, e.first)
	err := r.buffer.load(f, e, x.header.Salt)
	if err == nil && blake3.Sum256(r.buffer.records) != r.buffer.blk.digest {
		err = errForged
	}
	if errors.Is(err, ErrDamaged) {
		r.damage(&DamageError{Segment: x.name, Offset: e.offset, Bytes: e.size(), First: e.first, Last: e.last(), Err: err})
		r.expect = max(r.expect, e.last()+1)
		return nil
	}
	if err != nil {
		return err
	}
	for ; r.expect <= min(e.last(), limit); r.expect++ {
		rec := uapi.Record(r.buffer.record(r.expect))
		if r.o.Before != nil {
			extra, err := r.o.Before(r.expect, rec)
			if err != nil {
				return err
			}
			if extra != nil {
				r.report.Added++
				if err := r.append(extra); err != nil {
					return err
				}
			}
		}
		r.report.Records++
		if err := r.append(rec); err != nil {
			return err
		}
	}
	return nil
}

func (r *repair) append(rec []byte) error {
	if n, ok := recordSize(rec); !ok || n != len(rec) {
		return errNoRecord(rec)
	}
	at, _, ok := r.block.reserve(len(rec), 1)
	if !ok {
		if err := r.flush(); err != nil {
			return err
		}
		at, _, _ = r.block.reserve(len(rec), 1)
	}
	r.block.fill(at, [][]byte{rec})
	r.block.copied(len(rec))
	return nil
}

// flush writes a block of what there is.
func (r *repair) flush() error {
	if r.block.load().records() == 0 {
		return nil
	}
	if r.out == nil {
		if err := r.open(); err != nil {
			return err
		}
	}
	r.block.seal()
	r.pack.make(r.block, CodecDelta)
	r.pack.chain(r.out.header.Salt, r.out.footer.chain)
	err := r.out.put(r.pack.out, &r.pack.block)
	r.block.open(r.out.footer.next)
	return err
}

func (r *repair) open() (err error) {
	h := r.next
	h.Boot, h.WallOffset, h.Created, h.ClockBack = r.header.Boot, r.header.WallOffset, r.header.Created, r.header.ClockBack
	h.Origin, h.BlockSize, h.Salt = r.header.Journal, defaultBlockSize, newSalt()
	r.out, err = createSegment(r.o.FS, r.to, h)
	return err
}

// seal ends the new segment, if there is one, and makes it durable.
func (r *repair) seal() error {
	if err := r.flush(); err != nil || r.out == nil {
		return err
	}
	out := r.out
	r.out = nil
	out.signer = r.o.Key
	err := out.seal(sealedClosed)
	if err == nil {
		err = out.file.Sync()
	}
	r.next = out.header.following(&out.footer, out.footer.next)
	r.report.Segments++
	return errors.Join(err, out.file.Close())
}
