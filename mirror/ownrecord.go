// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"os"
	"strings"

	"vexj/uapi"
)

// header is that of a record that the mirror makes. It has no CPU sequence:
// it went through no ring.
func header(t uapi.Type, id, global, ktime uint64) uapi.Header {
	return uapi.Header{
		EventID: id, Type: t, Ktime: ktime, GlobalSequence: global,
		PID: uint32(os.Getpid()), Priority: uapi.PriorityCritical, RootCause: id, VisibilityMask: ^uint64(0),
	}
}

// lost journals a LOST record with the number of the last record that it
// stands for, and the time of the one that it comes after.
func (o *output) lost(id, global, sequence uint64, l uapi.Lost) {
	h := header(uapi.SysLost, id, global, o.ktime)
	h.Sequence = sequence
	if l.CPU != uapi.SeveralCPUs {
		h.CPU = l.CPU
	}
	o.build.Begin(h)
	o.build.AddLost(l)
	o.own(o.build.Finish())
	if o.err == nil {
		o.lostTold++
		o.notify(Notice{Kind: NoticeLost, Count: l.Count, Cause: l.Cause})
	}
}

// unclean journals a LOST record for a run that has no end. Its number is the
// first of which the journal knows nothing.
func (o *output) unclean(e epoch) {
	l := uapi.Lost{Cause: uapi.LostUnclean, CPU: uapi.SeveralCPUs}
	if e.global != 0 {
		l.First, l.Last = e.global+1, e.global+1
	}
	o.build.Begin(header(uapi.SysLost, e.id+1, l.Last, o.ktime))
	o.build.AddLost(l)
	o.own(o.build.Finish())
}

func (o *output) start(id, global uint64, clock uapi.Clock, p uapi.ProducerAttr, coverage []string) {
	o.build.Begin(header(uapi.SysProducerStart, id, global, o.ktime))
	o.build.AddProducer(p)
	if len(coverage) > 0 {
		o.build.AddString(uapi.AttrCoverage, cut(strings.Join(coverage, "\n")))
	}
	o.build.AddClock(clock)
	o.own(o.build.Finish())
}

// stop takes what the run turned out not to see, besides what it said at the start.
func (o *output) stop(id, global uint64, clock uapi.Clock, p uapi.ProducerAttr, unseen []string) {
	o.ktime = max(o.ktime, clock.Boottime)
	o.build.Begin(header(uapi.SysProducerStop, id, global, o.ktime))
	o.build.AddProducer(p)
	if len(unseen) > 0 {
		o.build.AddString(uapi.AttrCoverage, cut(strings.Join(unseen, "\n")))
	}
	o.build.AddClock(clock)
	o.own(o.build.Finish())
}

// maxCoverage leaves the other attributes room in a record.
const maxCoverage = 32 << 10

func cut(text string) string {
	if len(text) <= maxCoverage {
		return text
	}
	const more = "\n(cut short)"
	text = text[:maxCoverage-len(more)]
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	return text + more
}
