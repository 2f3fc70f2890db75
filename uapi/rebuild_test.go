// SPDX-License-Identifier: Apache-2.0

package uapi

// rebuild reads all of a record through the typed accessors and builds it again
// through the typed half of Builder.
func rebuild(b *Builder, r Record) (Record, error) {
	b.Begin(r.Header())
	if r.Version() == Version1 {
		b.Context(r.Context())
	}
	for tag, v := range r.Attrs() {
		rebuildAttr(b, r, tag, v)
	}
	if len(r.Payload()) > 0 {
		b.Payload(r.Payload())
	}
	if len(r.Metadata()) > 0 {
		b.Metadata(r.Metadata())
	}
	for i := range r.LinkCount() {
		b.AddLink(r.Link(i))
	}
	return b.Finish()
}

func rebuildAttr(b *Builder, r Record, tag Tag, v []byte) {
	switch tag {
	case AttrTask:
		t, _ := r.Task()
		b.AddTask(t)
	case AttrFile:
		f, _ := r.File()
		b.AddFile(f)
	case AttrFile2:
		f, _ := r.File2()
		b.AddFile2(f)
	case AttrIO:
		o, _ := r.IO()
		b.AddIO(o)
	case AttrParent:
		p, _ := r.Parents()
		b.AddParents(p)
	case AttrOpen:
		o, _ := r.Open()
		b.AddOpen(o)
	case AttrOwner:
		o, _ := r.Owner()
		b.AddOwner(o)
	case AttrTimes:
		t, _ := r.Times()
		b.AddTimes(t)
	case AttrChild:
		c, _ := r.Child()
		b.AddChild(c)
	case AttrRdev:
		d, _ := r.Rdev()
		b.AddRdev(d)
	case AttrLock:
		l, _ := r.Lock()
		b.AddLock(l)
	case AttrLost:
		l, _ := r.Lost()
		b.AddLost(l)
	case AttrProducer:
		p, _ := r.ProducerCounts()
		b.AddProducer(p)
	case AttrRemoved:
		a, _ := r.Removed()
		b.AddRemoved(a)
	case AttrClock:
		c, _ := r.Clock()
		b.AddClock(c)
	case AttrLegacy:
		l, _ := r.Legacy()
		b.AddLegacy(l)
	case AttrSearch:
		a, _ := r.Search()
		b.AddSearch(a)
	case AttrPart:
		a, _ := r.Part()
		b.AddPart(a)
	case AttrSimilarity:
		a, _ := r.Similarity()
		b.AddSimilarity(a)
	case AttrCluster:
		a, _ := r.Cluster()
		b.AddCluster(a)
	default:
		rebuildScalar(b, r, tag, v)
	}
}

func rebuildScalar(b *Builder, r Record, tag Tag, v []byte) {
	switch n, _ := tag.Size(); n {
	case 4:
		u, _ := r.U32(tag)
		b.AddU32(tag, u)
	case 8:
		u, _ := r.U64(tag)
		b.AddU64(tag, u)
	default:
		b.AddBytes(tag, v)
	}
}
