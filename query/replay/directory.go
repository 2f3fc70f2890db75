// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// A Directory is a directory that is replayed into, and has been from when it was
// empty.
type Directory struct {
	tree    *Tree
	dir     string
	dirs    dirs
	umask   uint32
	uid     uint32
	gid     uint32
	aspects Aspects
	exists  uint // flags of renameat2 that a move has which must replace nothing
	unable  map[string]uint64
	slots   [1 << 14]Key // of names, by their hash
}

// OpenDirectory opens a directory to replay into. It must be empty; what is not there
// is made, for its owner alone. again: it is one that was replayed into before, with
// the checkpoint that will be loaded.
func OpenDirectory(dir string, o TreeOptions, again bool) (*Directory, error) {
	fd, err := openRoot(dir)
	if err != nil {
		return nil, err
	}
	d := &Directory{tree: NewTree(o), dir: dir, dirs: dirs{root: fd, open: map[*node]*openDir{}},
		uid: uint32(os.Geteuid()), gid: uint32(os.Getegid()), aspects: AspectTree, exists: unix.RENAME_NOREPLACE,
		unable: map[string]uint64{}}
	if err := d.prepare(again); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return d, nil
}

func (d *Directory) prepare(again bool) error {
	var err error
	if d.umask, err = ownUmask(); err != nil {
		return err
	}
	if !again {
		names, err := os.ReadDir(d.dir)
		if err != nil {
			return err
		}
		if len(names) > 0 {
			return fmt.Errorf("%w: %s is not empty, it holds %q: name a new directory", ErrTarget, d.dir, names[0].Name())
		}
	}
	if err := unix.Mkdirat(d.dirs.root, limboName, 0o700); err != nil && !(again && errors.Is(err, unix.EEXIST)) {
		return &os.PathError{Op: "mkdir", Path: d.dir + "/" + limboName, Err: err}
	}
	return nil
}

// Tree is what the directory is to be.
func (d *Directory) Tree() *Tree { return d.tree }

// Aspects are what of the tree the directory can have: without root, owners cannot be
// set.
func (d *Directory) Aspects() Aspects { return d.aspects }

// Unable tells what could not be set for want of permission, and how often.
func (d *Directory) Unable() map[string]uint64 { return d.unable }

// Close closes what is open. The directory stays as it is.
func (d *Directory) Close() error {
	d.dirs.clear()
	return unix.Close(d.dirs.root)
}

// A doing of all changes of a record.
type directoryStep struct {
	d       *Directory
	changes []change
	one     [1]change
}

// Plan is of [Target].
func (d *Directory) Plan(it *Item) Step {
	changes := d.tree.apply(it)
	if len(changes) == 0 {
		return nil
	}
	s := &directoryStep{d: d}
	s.changes = append(s.one[:0], changes...)
	for i := range s.changes {
		if c := &s.changes[i]; c.op == opMake {
			d.made(c)
		}
	}
	return s
}

// made notes what a new node has by its making.
func (d *Directory) made(c *change) {
	n := c.node
	setgid := c.to.dir.mode&unix.S_ISGID != 0
	if n.uid == d.uid && n.gid == d.gid && !setgid {
		n.dirt &^= dirtOwner
	}
	perm := c.mode & 0o7777
	switch {
	case n.kind() == unix.S_IFLNK:
		n.dirt &^= dirtMode
	case perm&(0o7000|d.umask) == 0 && !(setgid && n.isDir()) && (!n.isDir() || perm&0o700 == 0o700):
		n.dirt &^= dirtMode
	}
}

// Alone is of [Step]: what moves or takes away a directory changes the paths of what
// is below it.
func (s *directoryStep) Alone() bool {
	for i := range s.changes {
		c := &s.changes[i]
		switch c.op {
		case opPurge:
			return true
		case opMove:
			if c.node.isDir() || c.other != nil && c.other.isDir() && len(c.other.inside) > 0 {
				return true
			}
		}
	}
	return len(s.changes) > 1
}

// Uses is of [Step].
func (s *directoryStep) Uses(use func(k *Key, exclusive bool)) {
	for i := range s.changes {
		c := &s.changes[i]
		use(&c.node.key, true)
		if c.other != nil {
			use(&c.other.key, true)
		}
		for _, p := range []*spot{&c.from, &c.to} {
			if p.dir != nil {
				use(&p.dir.key, false)
				use(s.d.slot(p.place), true)
			}
		}
	}
}

// slot is the Key of a name. Two may share one, which costs order and nothing else.
func (d *Directory) slot(p place) *Key {
	const prime = 1099511628211 // FNV-1a
	h := uint64(14695981039346656037) ^ p.dir.serial*prime
	for i := range len(p.name) {
		h = (h ^ uint64(p.name[i])) * prime
	}
	return &d.slots[(h^h>>29)%uint64(len(d.slots))]
}

// Do is of [Step]. Of several changes it is noted which were done: the first may have
// made way for the second.
func (s *directoryStep) Do(how *Doing) error {
	several := len(s.changes) > 1
	for i := range s.changes {
		if several && uint64(i) < how.Noted() {
			continue
		}
		if several && i > 0 {
			how.Note(uint64(i))
		}
		c := &s.changes[i]
		if err := s.d.do(c, how); err != nil {
			return fmt.Errorf("%s: %w", c.word(), err)
		}
	}
	return nil
}

var opWords = [...]string{"make", "link", "remove", "remove", "move", "write", "resize", "reserve"}

func (c *change) word() string {
	p := c.to
	if p.dir == nil {
		p = c.from
	}
	return fmt.Sprintf("%s %s/%s", opWords[c.op], p.path, p.name)
}

// Settle is of [Target].
func (d *Directory) Settle(last bool) error {
	if err := d.settle(last); err != nil {
		return err
	}
	if last {
		d.tree.emptyLimbo()
	}
	return nil
}

// Tidy is of [Target].
func (d *Directory) Tidy() error {
	d.dirs.clear()
	return d.purge(d.dirs.root, limboName)
}

// Digest is of [Target].
func (d *Directory) Digest() (Digest, error) { return DigestOf(d.tree.Entries(), d.aspects), nil }

// Redoes is of [Resumable]: what was done is noted outside of the directory.
func (d *Directory) Redoes() bool { return false }

// Verify is of [Resumable].
func (d *Directory) Verify(settled bool) error {
	aspects := d.aspects
	if !settled {
		aspects = 0
	}
	have, err := ReadDirectory(d.dir)
	if err != nil {
		return err
	}
	if diff := Compare(d.tree.Entries(), have, aspects); len(diff) > 0 {
		return fmt.Errorf("%w: %s differs from it in %d things, the first is %v", ErrCheckpoint, d.dir, len(diff), diff[0])
	}
	return nil
}

// Save is of [Resumable].
func (d *Directory) Save(w io.Writer) error { return d.tree.save(w) }

// Load is of [Resumable].
func (d *Directory) Load(r io.Reader) error { return d.tree.load(r) }
