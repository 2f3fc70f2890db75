// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"vexj/uapi"
)

const (
	checkpointName = "CHECKPOINT"
	checkpointSize = 256
	formatVersion  = 1
)

var checkpointMagic = [8]byte{0x8f, 'V', 'X', 'V', 'c', 'h', 'k', '\n'}

// A checkpoint says which bytes of the files count. What is behind them is of
// changes that were not acknowledged.
type checkpoint struct {
	id         [16]byte
	config     Config
	generation uint64 // of the files
	slots      uint64
	live       uint64
	texts      uint64 // bytes
	seq        uint64 // number of the last change
	nextID     uint64
	event      uint64 // event_id of the last record that is in it
	position   uint64 // what the owner wants to be told
	covered    uint64 // slots that are in the index
	index      uint64 // number of the index; 0: there is none
	closed     bool   // nothing was written since
}

func (c *checkpoint) bytes() []byte {
	b := make([]byte, checkpointSize)
	le := binary.LittleEndian
	copy(b, checkpointMagic[:])
	le.PutUint32(b[8:], formatVersion)
	if c.closed {
		le.PutUint32(b[12:], 1)
	}
	copy(b[16:], c.id[:])
	le.PutUint32(b[32:], uint32(c.config.Dims))
	le.PutUint32(b[36:], uint32(c.config.Elem))
	le.PutUint32(b[40:], uint32(c.config.Metric))
	le.PutUint32(b[44:], uint32(len(c.config.Name)))
	for i, v := range c.numbers() {
		le.PutUint64(b[48+8*i:], *v)
	}
	copy(b[128:], c.config.Name)
	le.PutUint32(b[252:], sum(b[:252]))
	return b
}

// numbers are at 48 and behind.
func (c *checkpoint) numbers() []*uint64 {
	return []*uint64{&c.generation, &c.slots, &c.live, &c.texts, &c.seq, &c.nextID, &c.event, &c.position, &c.covered, &c.index}
}

func parseCheckpoint(b []byte, name string) (c checkpoint, err error) {
	le := binary.LittleEndian
	if len(b) < 12 || [8]byte(b) != checkpointMagic {
		return c, fmt.Errorf("%s: %w: it does not begin like one", name, ErrNotStore)
	}
	if v := le.Uint32(b[8:]); v != formatVersion && len(b) == checkpointSize && le.Uint32(b[252:]) == sum(b[:252]) {
		return c, fmt.Errorf("%s: %w: %d; read it with the vexj that wrote it", name, ErrVersion, v)
	}
	if len(b) != checkpointSize {
		return c, &DamageError{name, int64(len(b)), fmt.Sprintf("it has %d bytes, not %d", len(b), checkpointSize)}
	}
	if le.Uint32(b[252:]) != sum(b[:252]) {
		return c, &DamageError{name, 252, "the checksum is wrong"}
	}
	n := le.Uint32(b[44:])
	if n > MaxName {
		return c, &DamageError{name, 44, fmt.Sprintf("a name of %d bytes", n)}
	}
	copy(c.id[:], b[16:])
	c.config = Config{
		Name: string(b[128 : 128+n]), Dims: int(le.Uint32(b[32:])),
		Elem: uapi.Elem(le.Uint32(b[36:])), Metric: uapi.Metric(le.Uint32(b[40:])),
	}
	c.closed = le.Uint32(b[12:]) == 1
	for i, v := range c.numbers() {
		*v = le.Uint64(b[48+8*i:])
	}
	if err := c.config.Check(); err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	if c.slots > MaxVectors || c.live > c.slots || c.covered > c.slots || c.seq > maxSeq || c.texts > 1<<56 {
		return c, &DamageError{name, 48, "its numbers contradict each other"}
	}
	return c, nil
}

// readFile returns a small file.
func readFile(fsys FS, name string, limit int64) (b []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b = make([]byte, min(size, limit))
	if _, err := f.ReadAt(b, 0); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

func readCheckpoint(fsys FS, dir string) (checkpoint, error) {
	name := filepath.Join(dir, checkpointName)
	b, err := readFile(fsys, name, checkpointSize+1)
	if errors.Is(err, fs.ErrNotExist) {
		return checkpoint{}, fmt.Errorf("%s: %w: there is no %s in it", dir, ErrNotStore, checkpointName)
	}
	if err != nil {
		return checkpoint{}, err
	}
	return parseCheckpoint(b, name)
}

// replaceFile puts a file of this content in place of the one of the name, durably:
// whenever the power fails there is the old one or the new one.
func replaceFile(fsys FS, name string, content []byte) (err error) {
	tmp := name + ".tmp"
	if err := fsys.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := fsys.Create(tmp)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, fsys.Remove(tmp))
	}
	if err := fsys.Rename(tmp, name); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(name))
}
