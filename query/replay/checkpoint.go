// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"time"

	"vexj/internal/disk"
)

// A checkpoint is a file:
//
//	 0 magic, 8
//	 8 serial, u64: one more than that of the checkpoint before
//	16 records taken, u64
//	24 steps, gaps, mismatches, failures: u64 each
//	56 digest of the target, 32
//	88 complete, u64: 1 if the journal was at its end
//	96 u32 bytes of text, text: what is replayed into what
//	   u32 bytes of text, text: cursor of the last record
//	   u64 bytes, bytes: what the target saved
//	   u32 CRC-32C of all that
//
// Little-endian.
type checkpoint struct {
	serial   uint64
	records  uint64
	counts   [4]uint64
	digest   Digest
	complete bool
	what     string
	cursor   string
	state    []byte
}

const checkpointMagic = "vexjchk\x01"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (c *checkpoint) encode() []byte {
	le := binary.LittleEndian
	b := append(make([]byte, 0, 256+len(c.state)), checkpointMagic...)
	b = le.AppendUint64(b, c.serial)
	b = le.AppendUint64(b, c.records)
	for _, n := range c.counts {
		b = le.AppendUint64(b, n)
	}
	b = append(b, c.digest[:]...)
	var complete uint64
	if c.complete {
		complete = 1
	}
	b = le.AppendUint64(b, complete)
	for _, text := range []string{c.what, c.cursor} {
		b = le.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	b = le.AppendUint64(b, uint64(len(c.state)))
	b = append(b, c.state...)
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeCheckpoint(b []byte) (*checkpoint, error) {
	bad := func(why string) (*checkpoint, error) {
		return nil, fmt.Errorf("%w: the file is not one, or is damaged: %s; replay from the beginning", ErrCheckpoint, why)
	}
	if len(b) < 112 || string(b[:8]) != checkpointMagic {
		return bad("no header")
	}
	body := b[:len(b)-4]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return bad("its checksum is wrong")
	}
	le := binary.LittleEndian
	c := &checkpoint{serial: le.Uint64(b[8:]), records: le.Uint64(b[16:]), complete: le.Uint64(b[88:]) == 1}
	for i := range c.counts {
		c.counts[i] = le.Uint64(b[24+8*i:])
	}
	copy(c.digest[:], b[56:])
	rest := body[96:]
	for _, text := range []*string{&c.what, &c.cursor} {
		if len(rest) < 4 || uint64(le.Uint32(rest)) > uint64(len(rest)-4) {
			return bad("a text is cut")
		}
		n := le.Uint32(rest)
		*text, rest = string(rest[4:4+n]), rest[4+n:]
	}
	if len(rest) < 8 || le.Uint64(rest) != uint64(len(rest)-8) {
		return bad("the state is cut")
	}
	c.state = rest[8:]
	return c, nil
}

// A saver makes checkpoints of a replay. A nil one makes none.
type saver struct {
	p      *Player
	target Resumable
	last   checkpoint
	next   time.Time
}

const defaultEvery = 10 * time.Second

// newSaver prepares the checkpoints of a replay, and loads the one to go on from.
func newSaver(p *Player) (*saver, error) {
	target, ok := p.target.(Resumable)
	if !ok {
		return nil, fmt.Errorf("%w: this kind of target has none; replay from the beginning", ErrCheckpoint)
	}
	if p.o.Every <= 0 {
		p.o.Every = defaultEvery
	}
	s := &saver{p: p, target: target, next: time.Now().Add(p.o.Every)}
	b, err := os.ReadFile(p.o.Checkpoint)
	switch {
	case err == nil && !p.o.Resume:
		return nil, fmt.Errorf("%w: %s is there: resume it, or remove it", ErrCheckpoint, p.o.Checkpoint)
	case errors.Is(err, os.ErrNotExist) && !p.o.Resume:
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	default:
		if err := s.load(b); err != nil {
			return nil, fmt.Errorf("%s: %w", p.o.Checkpoint, err)
		}
	}
	if !target.Redoes() {
		if p.progress, err = openProgress(p.o.Checkpoint+".progress", !p.o.Resume); err != nil {
			return nil, err
		}
	}
	if p.o.Resume {
		if p.again = p.progress.read(s.last.serial); p.again != nil {
			p.resuming = true
			if p.again.number < p.number {
				return nil, fmt.Errorf("%w: %s.progress is not of it", ErrCheckpoint, p.o.Checkpoint)
			}
			return s, nil
		}
		// Also if the process ended between the checkpoint and this.
		p.progress.start(s.last.serial)
		return s, s.verify(true)
	}
	// From nothing is gone on as well, once there is a name for it.
	s.last.what = p.o.What
	return s, s.save()
}

func (s *saver) load(b []byte) error {
	c, err := decodeCheckpoint(b)
	if err != nil {
		return err
	}
	p := s.p
	if c.what != p.o.What {
		return fmt.Errorf("%w: it is of another replay: %s; this is %s", ErrCheckpoint, c.what, p.o.What)
	}
	if c.cursor != "" {
		_, behind, err := p.set.Seek(c.cursor)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCheckpoint, err)
		}
		p.at = behind
	}
	if err := s.target.Load(bytes.NewReader(c.state)); err != nil {
		return err
	}
	r := &p.report
	r.Steps, r.Gaps, r.Mismatches, r.Failures = c.counts[0], c.counts[1], c.counts[2], c.counts[3]
	r.Cursor, r.Resumed = c.cursor, c.records
	p.number = c.records
	s.last = *c
	s.last.state = nil
	return nil
}

// verify holds the target to what it should be.
func (s *saver) verify(settled bool) error {
	if s == nil || s.p.report.Failures > 0 {
		return nil // it is known to differ
	}
	return s.target.Verify(settled)
}

// due: it is time for a checkpoint.
func (s *saver) due() bool { return s != nil && time.Now().After(s.next) }

// save replaces the checkpoint. All that was planned is done.
func (s *saver) save() error {
	p := s.p
	begun := time.Now()
	if err := s.target.Settle(false); err != nil {
		return err
	}
	if err := p.halt(); err != nil {
		return err
	}
	digest, err := s.target.Digest()
	if err != nil {
		return err
	}
	var state bytes.Buffer
	if err := s.target.Save(&state); err != nil {
		return err
	}
	if len(p.last) > 0 {
		p.report.Cursor = p.set.Cursor(p.at, p.lastAt, p.last)
	}
	r := &p.report
	r.Digest = digest
	c := checkpoint{serial: s.last.serial + 1, records: p.number, digest: digest, complete: r.Complete,
		counts: [4]uint64{r.Steps, r.Gaps, r.Mismatches, r.Failures},
		what:   p.o.What, cursor: r.Cursor, state: state.Bytes()}
	if err := disk.ReplaceWith(p.o.Checkpoint, 0o600, c.encode()); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	c.state = nil
	s.last = c
	p.progress.start(c.serial)
	// At most a twentieth of the time goes into them.
	s.next = time.Now().Add(max(p.o.Every, 20*time.Since(begun)))
	return nil
}
