// SPDX-License-Identifier: Apache-2.0

package parquet

import (
	"bytes"
	"strconv"

	"vexj/internal/quote"
	"vexj/internal/render"
	"vexj/uapi"
)

// batch is how many rows are made before they are written: enough to go from column to
// column, few enough to stay in the cache.
const batch = 512

// rows are some records as rows, in memory that is used again.
type rows struct {
	rows  [batch]Row
	parts [batch]parts
	n     int
	text  arena
	words map[string][]byte // those that occur again and again
}

// parts is what the pointers of a row point to.
type parts struct {
	task        Task
	file, file2 File
	io          IO
	directory   Directory
	lost        Lost

	offset                      int64
	session, transaction, chain uint64
	confidence, cpu             uint32
	flags                       [32][]byte
}

func (s *rows) full() bool { return s.n == batch }

func (s *rows) reset() {
	s.n = 0
	s.text.reset()
}

// word is a text of which there are few.
func (s *rows) word(w string) []byte {
	b, ok := s.words[w]
	if !ok {
		if s.words == nil {
			s.words = map[string][]byte{}
		}
		b = []byte(w)
		s.words[w] = b
	}
	return b
}

// optional is word, but NULL if it is empty.
func (s *rows) optional(w string) []byte {
	if w == "" {
		return nil
	}
	return s.word(w)
}

// utf8 copies a text, escaped if it is no UTF-8.
func (s *rows) utf8(v []byte) []byte {
	if quote.Valid(v) {
		return s.text.copy(v)
	}
	return s.text.append(func(b []byte) []byte { return quote.AppendText(b, v) })
}

// shown are the attributes that have columns.
func shown(tag uapi.Tag) bool {
	switch tag {
	case uapi.AttrTask, uapi.AttrFile, uapi.AttrFile2, uapi.AttrIO, uapi.AttrParent, uapi.AttrLost,
		uapi.AttrPath, uapi.AttrPath2, uapi.AttrName, uapi.AttrArgv, uapi.AttrAgentID, uapi.AttrSession,
		uapi.AttrAgentIntent, uapi.AttrAgentConfidence, uapi.AttrTransaction, uapi.AttrChain, uapi.AttrTags:
		return true
	}
	return false
}

func (s *rows) add(e render.Entry) {
	r, row, p := e.Rec, &s.rows[s.n], &s.parts[s.n]
	s.n++
	t, sub := r.Type(), r.Subtype()
	*row = Row{
		Ordinal: e.Ordinal, ID: r.EventID(), Time: e.Wall, Ktime: r.Ktime(),
		Type: s.word(t.String()), Category: s.word(t.Category().String()), Subtype: uint32(sub),
		Producer: s.word(r.Producer().String()), CPU: r.CPU(), PID: r.PID(),
		Sequence: r.Sequence(), GlobalSequence: r.GlobalSequence(), LocalSequence: r.LocalSequence(),
		Failed: r.Flags().Has(uapi.FlagFailed), Priority: s.word(r.Priority().String()),
		Parent: r.Parent(), Visibility: r.VisibilityMask(),
		Relevance: r.Relevance(), ReplayPriority: r.ReplayPriority(),
	}
	if v := sub.Via(); v != uapi.ViaCall {
		row.Via = s.word(v.String())
	}
	if sub.Kind() != 0 {
		row.Kind = s.word(sub.KindName(t))
	}
	if root := r.RootCause(); root != r.EventID() {
		row.RootCause = root
	}
	s.flags(row, p, r.Flags())
	for tag, v := range r.Attrs() {
		if size, fixed := tag.Size(); !fixed || size == len(v) {
			s.attr(row, p, r, tag, v)
		}
	}
	if rest := s.text.append(func(b []byte) []byte { return render.Rest(b, r, shown) }); len(rest) > 0 {
		row.Rest = rest
	}
}

func (s *rows) flags(row *Row, p *parts, f uapi.Flags) {
	row.Flags = p.flags[:0]
	for bit := range 32 {
		if one := f & (1 << bit); one != 0 {
			row.Flags = append(row.Flags, s.word(one.String()))
		}
	}
	if f == 0 {
		row.Flags = nil
	}
}

func (s *rows) attr(row *Row, p *parts, r uapi.Record, tag uapi.Tag, v []byte) {
	switch tag {
	case uapi.AttrTask:
		t, _ := r.Task()
		p.task = Task{t.TID, t.PPID, t.UID, t.GID, t.StartTime, t.CgroupID, t.MntNS, t.PidNS, s.utf8(t.Command())}
		row.Task = &p.task
	case uapi.AttrFile:
		f, _ := r.File()
		row.File = s.file(&p.file, f)
	case uapi.AttrFile2:
		f, _ := r.File2()
		row.File2 = s.file(&p.file2, f)
	case uapi.AttrIO:
		s.io(row, p, r)
	case uapi.AttrParent:
		d, _ := r.Parents()
		p.directory = Directory(d)
		row.Directory = &p.directory
	case uapi.AttrLost:
		l, _ := r.Lost()
		p.lost = Lost{l.Count, l.First, l.Last, s.word(l.Cause.String()), nil}
		if p.cpu = l.CPU; l.CPU != uapi.SeveralCPUs {
			p.lost.CPU = &p.cpu
		}
		row.Lost = &p.lost
	case uapi.AttrPath:
		row.Path, row.PathBytes = s.path(v)
	case uapi.AttrPath2:
		row.Path2, row.Path2Bytes = s.path(v)
	case uapi.AttrName:
		row.Name = s.utf8(v)
	case uapi.AttrArgv:
		for one := range bytes.SplitSeq(bytes.TrimSuffix(v, []byte{0}), []byte{0}) {
			row.Argv = append(row.Argv, s.utf8(one))
		}
	default:
		s.attribution(row, p, r, tag, v)
	}
}

// attribution adds who it was done for.
func (s *rows) attribution(row *Row, p *parts, r uapi.Record, tag uapi.Tag, v []byte) {
	switch tag {
	case uapi.AttrAgentID:
		row.AgentID = s.utf8(v)
	case uapi.AttrAgentIntent:
		row.AgentIntent = s.utf8(v)
	case uapi.AttrTags:
		row.Tags = s.utf8(v)
	case uapi.AttrSession:
		p.session, _ = r.U64(tag)
		row.Session = &p.session
	case uapi.AttrTransaction:
		p.transaction, _ = r.U64(tag)
		row.Transaction = &p.transaction
	case uapi.AttrChain:
		p.chain, _ = r.U64(tag)
		row.Chain = &p.chain
	case uapi.AttrAgentConfidence:
		p.confidence, _ = r.U32(tag)
		row.AgentConfidence = &p.confidence
	}
}

func (s *rows) path(v []byte) (text, raw []byte) {
	if !quote.Valid(v) {
		raw = s.text.copy(v)
	}
	return s.utf8(v), raw
}

func (s *rows) file(to *File, f uapi.File) *File {
	dev := s.text.append(func(b []byte) []byte {
		b = append(strconv.AppendUint(b, uint64(f.DevMajor), 10), ':')
		return strconv.AppendUint(b, uint64(f.DevMinor), 10)
	})
	*to = File{dev, f.Inode, f.Generation, f.Mode, s.optional(render.KindOf(f.Mode)), f.Size, f.Nlink}
	return to
}

func (s *rows) io(row *Row, p *parts, r uapi.Record) {
	o, _ := r.IO()
	p.io = IO{Length: o.Length, Result: o.Result, Duration: o.Duration}
	if p.offset = o.Offset; o.Offset != uapi.NoOffset {
		p.io.Offset = &p.offset
	}
	if o.Result < 0 {
		p.io.Error = s.word(o.Errno().String())
	}
	row.IO = &p.io
}
