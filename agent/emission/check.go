// SPDX-License-Identifier: Apache-2.0

package emission

import (
	"encoding/binary"
	"errors"
	"fmt"

	"vexj/uapi"
)

var (
	// ErrRecord: the bytes are no whole, well-formed record of version 2, or have
	// what is stamped filled in.
	ErrRecord = errors.New("not a record that can be emitted")
	// ErrRefused: the record says what the kernel alone may say.
	ErrRefused = errors.New("only graph, vector, agent, semantic and observability records may be emitted, without what the kernel makes")
	// ErrClaim: the record says that somebody else acts.
	ErrClaim = errors.New("the record claims another's identity")
)

const allowedFlags = uapi.FlagAtomic | uapi.FlagTransactional | uapi.FlagCausal | uapi.FlagAgentVisible |
	uapi.FlagDeterministic | uapi.FlagIndexed | uapi.FlagReplicated

const maxRelevance = 100

// kernels are the attributes that only a producer makes.
var kernels = []uapi.Tag{
	uapi.AttrTask, uapi.AttrDeclared, uapi.AttrLost, uapi.AttrProducer, uapi.AttrCoverage, uapi.AttrClock,
	uapi.AttrRemoved, uapi.AttrConsumers, uapi.AttrLegacy, uapi.AttrLegacyFix,
}

// Split cuts records that stand one behind the other. They are b's memory.
func Split(b []byte) ([]uapi.Record, error) {
	var all []uapi.Record
	for len(b) > 0 {
		size, err := uapi.Size(b)
		if err != nil {
			return all, fmt.Errorf("%w: record %d: %w", ErrRecord, len(all)+1, err)
		}
		rec, err := uapi.Check(b[:size:size])
		if err != nil {
			return all, fmt.Errorf("%w: record %d: %w", ErrRecord, len(all)+1, err)
		}
		all, b = append(all, rec), b[size:]
	}
	return all, nil
}

// Check refuses what a program may not emit that acts for c; nil: for nobody.
func Check(rec uapi.Record, c *uapi.Context) error {
	if _, err := uapi.Check(rec); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if err := checkType(rec.Type()); err != nil {
		return err
	}
	if err := checkHeader(rec.Header()); err != nil {
		return err
	}
	for _, tag := range kernels {
		if _, has := rec.Attr(tag); has {
			return fmt.Errorf("%w: it has the attribute %s", ErrRefused, tag)
		}
	}
	return checkClaim(rec, c)
}

func checkType(t uapi.Type) error {
	switch t.Category() {
	case uapi.CategoryGraph, uapi.CategoryVector, uapi.CategoryAgent, uapi.CategorySemantic, uapi.CategoryObservability:
	default:
		return fmt.Errorf("%w: it is of type %s", ErrRefused, t)
	}
	if !t.Known() {
		return fmt.Errorf("%w: type %s has no meaning", ErrRecord, t)
	}
	return nil
}

func checkHeader(h uapi.Header) error {
	switch {
	case h.Version != uapi.Version:
		return fmt.Errorf("%w: it is of version %d", ErrRecord, h.Version)
	case h.EventID != 0 || h.Ktime != 0 || h.Sequence != 0 || h.CPU != 0 || h.PID != 0 || h.GlobalSequence != 0:
		return fmt.Errorf("%w: event_id, ktime, sequence, cpu_id, process_id and global_sequence are stamped: leave them 0", ErrRecord)
	case h.Flags&^allowedFlags != 0:
		return fmt.Errorf("%w: the flags %s are not a program's", ErrRecord, h.Flags&^allowedFlags)
	case h.Priority > uapi.PriorityBackground:
		return fmt.Errorf("%w: its priority is %d, of 1 to %d", ErrRecord, h.Priority, uapi.PriorityBackground)
	case h.Relevance > maxRelevance:
		return fmt.Errorf("%w: its relevance is %d, of %d", ErrRecord, h.Relevance, maxRelevance)
	}
	return nil
}

// checkClaim: an attributed process may say whom it acts for, and cannot say another.
func checkClaim(rec uapi.Record, c *uapi.Context) error {
	if c == nil {
		return nil
	}
	if agent, has := rec.Attr(uapi.AttrAgentID); has && c.Agent != "" && string(agent) != c.Agent {
		return fmt.Errorf("%w: agent %q, and its process acts for %q", ErrClaim, agent, c.Agent)
	}
	if session, has := rec.U64(uapi.AttrSession); has && c.Session != 0 && session != c.Session {
		return fmt.Errorf("%w: session %d, and its process is of %d", ErrClaim, session, c.Session)
	}
	return nil
}

// Stamp returns a record that was checked with who wrote it, and with what the
// context that it is written in says and the record does not. The rest is stamped by
// who numbers it.
func Stamp(rec uapi.Record, writer uapi.Task, c *uapi.Context) (uapi.Record, error) {
	h := rec.Header()
	h.PID = writer.TID
	if h.VisibilityMask == 0 {
		h.VisibilityMask = ^uint64(0)
	}
	if c != nil {
		ctx := *c
		ctx.Settle()
		h.VisibilityMask &= ctx.Visibility
		if h.VisibilityMask == 0 {
			return nil, fmt.Errorf("%w: nobody could see it: its visibility and that of its process have nothing in common", ErrRecord)
		}
		if h.Parent == 0 {
			h.Parent = ctx.Parent
			if h.RootCause == 0 {
				h.RootCause = ctx.Root
			}
		}
	}
	b := uapi.NewBuilder(make([]byte, 0, rec.Size()+256))
	b.Begin(h)
	b.AddTask(writer)
	for tag, v := range rec.Attrs() {
		b.AddBytes(tag, v)
	}
	if c != nil {
		if _, has := rec.Attr(uapi.AttrAgentID); !has && c.Agent != "" {
			b.AddString(uapi.AttrAgentID, c.Agent)
		}
		if _, has := rec.Attr(uapi.AttrSession); !has && c.Session != 0 {
			b.AddBytes(uapi.AttrSession, binary.LittleEndian.AppendUint64(nil, c.Session))
		}
	}
	if p := rec.Payload(); len(p) > 0 {
		b.Payload(p)
	}
	if m := rec.Metadata(); len(m) > 0 {
		b.Metadata(m)
	}
	for i := range rec.LinkCount() {
		b.AddLink(rec.Link(i))
	}
	out, err := b.Finish()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return out, nil
}
