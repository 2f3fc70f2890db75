// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// A fact is an operation as a record will have it.
type fact struct {
	typ   uapi.Type
	via   uapi.Via
	kind  uint16
	flags uapi.Flags

	at, at2     spot
	path, path2 []byte // what they are, absolute; nil: none
	target      string // of a symbolic link, in place of at2
	file, file2 *unix.Statx_t
	dir, dir2   *node
	io          uapi.IO
	name        string // of an extended attribute
	value       []byte // that it is set to

	open  *uapi.Open
	owner *uapi.Owner
	times *uapi.Times
	rdev  *uapi.Rdev
	lock  *uapi.Lock

	uid uint32
	dev uint64 // st_dev of file

	event uint64 // answer: the id that its record got; 0: there is none
}

// A spot is what a path is asked of: a name in a directory, a node, or a handle.
type spot struct {
	link
	node   *node
	handle *handle
}

// A draft is memory for the records of one operation, of which there are two at
// most.
type draft [2]struct {
	record      *uapi.Builder
	path, path2 []byte
}

func newDraft() *draft {
	var d draft
	for i := range d {
		d[i].record = uapi.NewBuilder(make([]byte, 512))
	}
	return &d
}

// An operation is a request of the kernel under way.
type operation struct {
	fs    *FS
	in    *fuse.InHeader
	start int64

	named   bool // it has the objects locked whose names it changes
	ordered bool // it has the tree locked
}

func (fs *FS) begin(in *fuse.InHeader) operation {
	return operation{fs: fs, in: in, start: fs.producer.clock.now()}
}

// wants says whether records of a type may be wanted, so that what is only needed
// for them need not be looked up.
func (o *operation) wants(t uapi.Type) bool { return o.fs.producer.filter.Load().wants(t) }

// result is the io.result of a call that returned st, and did n if it is OK.
func result(st fuse.Status, n int64) int64 {
	if st != fuse.OK {
		return -int64(st)
	}
	return n
}

// record makes records of the operation's facts, and says them to the producer. The
// first is the cause of the others if effects is set.
func (o *operation) record(effects bool, facts ...*fact) {
	p := o.fs.producer
	f := p.filter.Load()
	any := false
	for _, x := range facts {
		any = any || f.wanted[x.typ]
	}
	if !any {
		p.drops.Add(uint64(len(facts)))
		return
	}
	now := p.clock.now()
	who := p.tasks.get(o.in.Pid, now)
	o.recordAs(who, now, effects, facts...)
}

// recordAs is record for what another thread did, or nobody knows who.
func (o *operation) recordAs(who *task, now int64, effects bool, facts ...*fact) {
	p := o.fs.producer
	f := p.filter.Load()
	d := p.build.Get().(*draft)
	defer p.build.Put(d)
	var recs [2]uapi.Record
	var made [2]*fact
	n := 0
	if subject := facts[0].subject(); subject != nil && !o.named {
		names := &o.fs.order[o.fs.order.at(subject)]
		names.RLock()
		defer names.RUnlock()
		for _, x := range facts {
			o.still(x)
		}
	}
	if !o.ordered {
		o.fs.tree.RLock()
		defer o.fs.tree.RUnlock()
	}
	for _, x := range facts {
		x.uid = o.in.Uid
		x.io.Duration = uint64(now - o.start)
		if x.file != nil {
			x.dev = unix.Mkdev(x.file.Dev_major, x.file.Dev_minor)
		}
		d[n].path, d[n].path2 = o.fs.resolve(x, d[n].path[:0], d[n].path2[:0])
		if !f.passes(p.kin, who, x) {
			p.drops.Add(1)
			continue
		}
		rec, err := o.make(d[n].record, who, now, x)
		if err != nil {
			// Only what the kernel never sends cannot be built.
			p.fault()
			continue
		}
		recs[n], made[n] = rec, x
		n++
	}
	if n == 0 {
		return
	}
	first := p.publish(effects, recs[:n]...)
	for i, x := range made[:n] {
		if first != 0 {
			x.event = first + uint64(i)
		}
	}
}

// make builds a record but for its numbers.
func (o *operation) make(b *uapi.Builder, who *task, now int64, x *fact) (uapi.Record, error) {
	flags := x.flags
	if x.io.Result < 0 {
		flags |= uapi.FlagFailed
	}
	if x.file == nil && x.io.Result >= 0 && x.typ.Category() == uapi.CategoryFilesystem {
		flags |= uapi.FlagObjectUnknown
	}
	path, cut := fit(x.path)
	path2, cut2 := fit(x.path2)
	if cut {
		flags |= uapi.FlagPathTruncated
	}
	if cut2 {
		flags |= uapi.FlagPath2Truncated
	}
	h := uapi.Header{
		Type: x.typ, Subtype: uapi.MakeSubtype(x.via, x.kind), Ktime: uint64(now),
		PID: who.tgid, Flags: flags, Priority: uapi.PriorityNormal, VisibilityMask: ^uint64(0),
	}
	c := o.fs.producer.kin.stands(who).context
	if c != nil {
		h.Parent, h.RootCause, h.VisibilityMask = c.Parent, c.Root, c.Visibility
	}
	b.Begin(h)
	t := who.Task
	t.UID, t.GID = o.in.Uid, o.in.Gid
	b.AddTask(t)
	if x.file != nil {
		b.AddFile(o.fs.file(x.file))
	}
	b.AddIO(x.io)
	if len(path) > 0 {
		b.AddBytes(uapi.AttrPath, path)
	}
	if len(path2) > 0 {
		b.AddBytes(uapi.AttrPath2, path2)
	} else if x.target != "" {
		b.AddString(uapi.AttrPath2, x.target)
	}
	if x.file2 != nil {
		b.AddFile2(o.fs.file(x.file2))
	}
	addMore(b, x)
	if claims := who.claims.Load(); claims != nil && who.claims.CompareAndSwap(claims, nil) {
		b.AddBytes(uapi.AttrDeclared, *claims)
	}
	if c != nil {
		c.add(b)
	}
	return b.Finish()
}

// addMore adds what few types have.
func addMore(b *uapi.Builder, x *fact) {
	if x.name != "" {
		b.AddString(uapi.AttrName, x.name)
	}
	if len(x.value) > 0 && len(x.value) <= uapi.MaxValue && x.io.Result >= 0 {
		b.AddBytes(uapi.AttrValue, x.value)
	}
	if x.dir != nil {
		p := uapi.Parents{Inode: x.dir.known.ino}
		if x.dir2 != nil {
			p.Inode2 = x.dir2.known.ino
		}
		b.AddParents(p)
	}
	if x.open != nil {
		b.AddOpen(*x.open)
	}
	if x.owner != nil {
		b.AddOwner(*x.owner)
	}
	if x.times != nil {
		b.AddTimes(*x.times)
	}
	if x.rdev != nil {
		b.AddRdev(*x.rdev)
	}
	if x.lock != nil {
		b.AddLock(*x.lock)
	}
}

// file is the object's attribute. Device and inode are those of the backing file,
// by which the record meets those of other producers about the same file.
func (fs *FS) file(st *unix.Statx_t) uapi.File {
	return uapi.File{
		DevMajor: st.Dev_major, DevMinor: st.Dev_minor, Inode: st.Ino, Generation: fs.table.generation(st),
		Mode: uint32(st.Mode), Size: st.Size, Nlink: st.Nlink,
	}
}

// fit cuts a path that is too long on its root side, at a slash.
func fit(path []byte) ([]byte, bool) {
	const mark = "..."
	if len(path) <= uapi.MaxPath {
		return path, false
	}
	tail := path[len(path)-(uapi.MaxPath-len(mark)):]
	for i, c := range tail {
		if c == '/' {
			tail = tail[i:]
			break
		}
	}
	return append([]byte(mark), tail...), true
}

// resolve fills in the paths of x, and flags it if its object has no name any more.
// It returns the memory that they are in. The tree is locked.
func (fs *FS) resolve(x *fact, buf, buf2 []byte) ([]byte, []byte) {
	var whole bool
	if buf, whole = fs.pathOf(&x.at, buf); !whole {
		x.flags |= uapi.FlagUnlinked
	}
	x.path = buf
	buf2, _ = fs.pathOf(&x.at2, buf2)
	x.path2 = buf2
	return buf, buf2
}

// pathOf appends the path of a spot; of none, nothing.
func (fs *FS) pathOf(s *spot, buf []byte) (path []byte, whole bool) {
	switch {
	case s.handle != nil:
		return fs.table.pathBy(append(buf, fs.at...), s.handle)
	case s.node != nil:
		return fs.table.pathOf(append(buf, fs.at...), s.node)
	case s.dir != nil:
		path, _ = fs.table.path(append(buf, fs.at...), s.link)
		return path, true // of a name that is gone, it is what was removed
	}
	return buf, true
}
