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
	buf   []byte
	words map[string]string // those that occur again and again
}

// parts is what the pointers of a row point to.
type parts struct {
	task        Task
	file, file2 File
	io          IO
	directory   Directory
	lost        Lost

	offset  int64
	numbers [8]uint64
	small   [8]uint32
	texts   [16]string
	flags   [32]string

	nextNumber, nextSmall, nextText int
}

// number is a value, NULL if it is not there.
func (p *parts) number(v uint64, there bool) *uint64 {
	if !there {
		return nil
	}
	p.nextNumber++
	to := &p.numbers[p.nextNumber-1]
	*to = v
	return to
}

func (p *parts) smallNumber(v uint32, there bool) *uint32 {
	if !there {
		return nil
	}
	p.nextSmall++
	to := &p.small[p.nextSmall-1]
	*to = v
	return to
}

func (p *parts) text(v string) *string {
	p.nextText++
	to := &p.texts[p.nextText-1]
	*to = v
	return to
}

func (s *rows) full() bool { return s.n == batch }

func (s *rows) reset() { s.n = 0 }

// keptWords bounds how many are kept.
const keptWords = 4096

// word is a text of which there are few, usually.
func (s *rows) word(b []byte) string {
	w, ok := s.words[string(b)]
	if !ok {
		if s.words == nil || len(s.words) == keptWords {
			s.words = map[string]string{}
		}
		w = string(b)
		s.words[w] = w
	}
	return w
}

// utf8 is a text, escaped if it is no UTF-8.
func (s *rows) utf8(v []byte) []byte {
	if quote.Valid(v) {
		return v
	}
	s.buf = quote.AppendText(s.buf[:0], v)
	return s.buf
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
	p.nextNumber, p.nextSmall, p.nextText = 0, 0, 0
	*row = Row{
		Ordinal: e.Ordinal, ID: r.EventID(), Time: e.Wall, Ktime: r.Ktime(),
		Type: t.String(), Category: t.Category().String(), Subtype: p.smallNumber(uint32(sub), sub != 0),
		Producer: r.Producer().String(), CPU: r.CPU(), PID: r.PID(), Sequence: r.Sequence(),
		GlobalSequence: r.GlobalSequence(),
		LocalSequence:  p.number(r.LocalSequence(), r.LocalSequence() != 0),
		Failed:         r.Flags().Has(uapi.FlagFailed), Priority: r.Priority().String(),
		Parent:         p.number(r.Parent(), r.Parent() != 0),
		RootCause:      p.number(r.RootCause(), r.RootCause() != 0 && r.RootCause() != r.EventID()),
		Visibility:     r.VisibilityMask(),
		Relevance:      p.smallNumber(r.Relevance(), r.Relevance() != 0),
		ReplayPriority: p.smallNumber(r.ReplayPriority(), r.ReplayPriority() != 0),
	}
	if v := sub.Via(); v != uapi.ViaCall {
		row.Via = p.text(v.String())
	}
	if sub.Kind() != 0 {
		row.Kind = p.text(sub.KindName(t))
	}
	s.flags(row, p, r.Flags())
	for tag, v := range render.Shown(r, shown) {
		s.attr(row, p, r, tag, v)
	}
	if s.buf = render.Rest(s.buf[:0], r, shown); len(s.buf) > 0 {
		row.Rest = p.text(string(s.buf))
	}
}

func (s *rows) flags(row *Row, p *parts, f uapi.Flags) {
	row.Flags = p.flags[:0]
	for bit := range 32 {
		if one := f & (1 << bit); one != 0 {
			row.Flags = append(row.Flags, one.String())
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
		p.task = Task{t.TID, t.PPID, t.UID, t.GID, t.StartTime, t.CgroupID, t.MntNS, t.PidNS, s.word(s.utf8(t.Command()))}
		row.Task = &p.task
	case uapi.AttrFile:
		f, _ := r.File()
		row.File = s.file(&p.file, f, p)
	case uapi.AttrFile2:
		f, _ := r.File2()
		row.File2 = s.file(&p.file2, f, p)
	case uapi.AttrIO:
		s.io(row, p, r)
	case uapi.AttrParent:
		d, _ := r.Parents()
		p.directory = Directory(d)
		row.Directory = &p.directory
	case uapi.AttrLost:
		l, _ := r.Lost()
		p.lost = Lost{l.Count, l.First, l.Last, l.Cause.String(), p.smallNumber(l.CPU, l.CPU != uapi.SeveralCPUs)}
		row.Lost = &p.lost
	case uapi.AttrPath:
		row.Path, row.PathBytes = s.path(p, v)
	case uapi.AttrPath2:
		row.Path2, row.Path2Bytes = s.path(p, v)
	case uapi.AttrName:
		row.Name = p.text(string(s.utf8(v)))
	case uapi.AttrArgv:
		for one := range bytes.SplitSeq(bytes.TrimSuffix(v, []byte{0}), []byte{0}) {
			row.Argv = append(row.Argv, string(s.utf8(one)))
		}
	default:
		s.attribution(row, p, r, tag, v)
	}
}

// attribution adds who it was done for.
func (s *rows) attribution(row *Row, p *parts, r uapi.Record, tag uapi.Tag, v []byte) {
	switch tag {
	case uapi.AttrAgentID:
		row.AgentID = p.text(s.word(s.utf8(v)))
	case uapi.AttrAgentIntent:
		row.AgentIntent = p.text(string(s.utf8(v)))
	case uapi.AttrTags:
		row.Tags = p.text(string(s.utf8(v)))
	case uapi.AttrSession:
		n, _ := r.U64(tag)
		row.Session = p.number(n, true)
	case uapi.AttrTransaction:
		n, _ := r.U64(tag)
		row.Transaction = p.number(n, true)
	case uapi.AttrChain:
		n, _ := r.U64(tag)
		row.Chain = p.number(n, true)
	case uapi.AttrAgentConfidence:
		n, _ := r.U32(tag)
		row.AgentConfidence = p.smallNumber(n, true)
	}
}

func (s *rows) path(p *parts, v []byte) (text *string, raw *[]byte) {
	if !quote.Valid(v) {
		b := bytes.Clone(v)
		raw = &b
	}
	return p.text(string(s.utf8(v))), raw
}

func (s *rows) file(to *File, f uapi.File, p *parts) *File {
	s.buf = append(strconv.AppendUint(s.buf[:0], uint64(f.DevMajor), 10), ':')
	s.buf = strconv.AppendUint(s.buf, uint64(f.DevMinor), 10)
	*to = File{s.word(s.buf), f.Inode, f.Generation, f.Mode, nil, f.Size, f.Nlink}
	if kind := render.KindOf(f.Mode); kind != "" {
		to.Kind = p.text(kind)
	}
	return to
}

func (s *rows) io(row *Row, p *parts, r uapi.Record) {
	o, _ := r.IO()
	p.io = IO{Length: o.Length, Result: o.Result, Duration: p.number(o.Duration, o.Duration != 0)}
	if p.offset = o.Offset; o.Offset != uapi.NoOffset {
		p.io.Offset = &p.offset
	}
	if o.Result < 0 {
		p.io.Error = p.text(o.Errno().String())
	}
	row.IO = &p.io
}
