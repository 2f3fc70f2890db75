// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"sync"

	"vexj/fuse"
	"vexj/uapi"
	"vexj/vector"
	"vexj/vector/collection"
)

// vectors keeps the vectors of mounts' files in a collection. The first vector says
// of how many elements they are, if the collection is not there yet.
type vectors struct {
	dir string

	mu sync.Mutex
	k  *collection.Collection // nil: not there yet
}

var _ fuse.Vectors = (*vectors)(nil)

// openVectors opens the collection in a folder, or prepares to make it.
func openVectors(dir string) (*vectors, error) {
	v := &vectors{dir: dir}
	k, err := collection.Open(dir, collection.Options{})
	if errors.Is(err, collection.ErrNotCollection) || errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	v.k = k
	return v, err
}

func (v *vectors) close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.k == nil {
		return nil
	}
	return v.k.Close()
}

// there is the collection, nil as long as nobody has set a vector.
func (v *vectors) there() *collection.Collection {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.k
}

// elements are those of a vector as the attribute has it.
func elements(raw []byte) ([]float32, error) {
	if len(raw) == 0 || len(raw)%4 != 0 {
		return nil, fmt.Errorf("%w: %d bytes are no vector of float32", fs.ErrInvalid, len(raw))
	}
	out := make([]float32, len(raw)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out, nil
}

// encoded is a vector as the collection stores it; an error is the caller's.
func encoded(c *vector.Config, raw []byte) ([]byte, error) {
	v, err := elements(raw)
	if err != nil {
		return nil, err
	}
	out, err := c.Encode(nil, v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", fs.ErrInvalid, err)
	}
	return out, nil
}

func configFor(raw []byte) collection.Config {
	return collection.Config{Config: vector.Config{Dims: len(raw) / 4, Elem: uapi.ElemFloat32, Metric: uapi.MetricCosine}}
}

// Check says whether raw can be stored.
func (v *vectors) Check(raw []byte) error {
	c := configFor(raw)
	if k := v.there(); k != nil {
		c = k.Config()
	} else if err := c.Check(); err != nil {
		return fmt.Errorf("%w: %w", fs.ErrInvalid, err)
	}
	_, err := encoded(&c.Config, raw)
	return err
}

// make makes the collection for a first vector.
func (v *vectors) make(raw []byte) (k *collection.Collection, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.k == nil {
		v.k, err = collection.Create(v.dir, configFor(raw), collection.Options{})
	}
	return v.k, err
}

// Set stores a vector.
func (v *vectors) Set(id uint64, raw []byte, of fuse.VectorFile, cause uint64) error {
	k, err := v.make(raw)
	if err != nil {
		return err
	}
	c := k.Config()
	row, err := encoded(&c.Config, raw)
	if err != nil {
		return err
	}
	op := uapi.VectorUpdate
	if has, err := k.Store().Has(id); err != nil {
		return err
	} else if !has {
		op = uapi.VectorCreate
	}
	return k.Change([]vector.Change{{Op: op, ID: id, Raw: row, Meta: meta(of), Cause: cause}})
}

func meta(of fuse.VectorFile) vector.Meta {
	return vector.Meta{Dev: of.Dev, Inode: of.Inode, Path: of.Path}
}

// Get returns a vector.
func (v *vectors) Get(id uint64) ([]byte, fuse.VectorFile, error) {
	k := v.there()
	if k == nil {
		return nil, fuse.VectorFile{}, fs.ErrNotExist
	}
	item, err := k.Store().Get(id)
	if errors.Is(err, vector.ErrNotFound) {
		err = fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	if err != nil {
		return nil, fuse.VectorFile{}, err
	}
	c := k.Config()
	var raw []byte
	for _, x := range c.Decode(item.Raw, nil) {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return raw, fuse.VectorFile{Dev: item.Meta.Dev, Inode: item.Meta.Inode, Path: item.Meta.Path}, nil
}

// Move gives one another path.
func (v *vectors) Move(id uint64, of fuse.VectorFile, cause uint64) error {
	k := v.there()
	if k == nil {
		return nil
	}
	item, err := k.Store().Get(id)
	if err != nil || item.Meta == meta(of) {
		return err
	}
	item.Meta.Path = of.Path // the tags stay
	return k.Change([]vector.Change{{Op: uapi.VectorUpdate, ID: id, Raw: item.Raw, Meta: item.Meta, Cause: cause}})
}

// atOnce is how many vectors one change of the collection moves.
const atOnce = 256

// MoveBelow gives all in a folder another path.
func (v *vectors) MoveBelow(from, to string, exchanged bool, cause uint64) error {
	k := v.there()
	if k == nil {
		return nil
	}
	all, err := below(k, from, to, exchanged, cause)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(all, atOnce) {
		if err := k.Change(some); err != nil {
			return err
		}
	}
	return nil
}

func below(k *collection.Collection, from, to string, exchanged bool, cause uint64) ([]vector.Change, error) {
	w, err := k.Store().View()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	var all []vector.Change
	err = w.Each(func(item vector.Item) error {
		m := item.Meta
		if rest, ok := strings.CutPrefix(m.Path, from+"/"); ok {
			m.Path = to + "/" + rest
		} else if rest, ok := strings.CutPrefix(m.Path, to+"/"); ok && exchanged {
			m.Path = from + "/" + rest
		} else {
			return nil
		}
		all = append(all, vector.Change{Op: uapi.VectorUpdate, ID: item.ID, Raw: slices.Clone(item.Raw), Meta: m, Cause: cause})
		return nil
	})
	return all, err
}

// Delete removes one.
func (v *vectors) Delete(id, cause uint64) error {
	k := v.there()
	if k == nil {
		return nil
	}
	return k.Change([]vector.Change{{Op: uapi.VectorDelete, ID: id, Cause: cause}})
}
