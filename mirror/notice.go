// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"fmt"

	"vexj/uapi"
)

// NoticeKind is what a Notice is about.
type NoticeKind int

const (
	NoticeLost      NoticeKind = iota // a LOST record was written
	NoticeBehind                      // a ring is three quarters full: the journal is too slow
	NoticeCaughtUp                    // no ring is half full any more
	NoticeMalformed                   // a ring held what is no record
	NoticeLate                        // records were journaled after higher numbers
	NoticeUnclean                     // the previous run in the journal had no end
)

// A Notice is something that the owner of the machine should know.
type Notice struct {
	Kind  NoticeKind
	Count uint64     // records; with NoticeBehind the fill of the ring in percent
	Cause uapi.Cause // with NoticeLost
	Ring  int        // with NoticeBehind, which one of the Reader's
	Err   error      // with NoticeMalformed, the first of them; with NoticeUnclean, why it is not certain
}

func (n Notice) String() string {
	switch n.Kind {
	case NoticeLost:
		return fmt.Sprintf("%d records lost (%s); %s", n.Count, n.Cause, remedies[n.Cause])
	case NoticeBehind:
		return fmt.Sprintf("the journal is slower than the records come: ring %d is %d%% full, and what comes when it is full is lost; "+
			"use a faster disk, a filter or a larger ring", n.Ring, n.Count)
	case NoticeCaughtUp:
		return "the journal has caught up with the rings"
	case NoticeMalformed:
		return fmt.Sprintf("%d samples in the rings were no records, the first: %v; the producer is at fault", n.Count, n.Err)
	case NoticeLate:
		return fmt.Sprintf("%d records came so late that higher numbers stand before them", n.Count)
	case NoticeUnclean:
		if n.Err != nil {
			return fmt.Sprintf("whether the previous recorder of this journal ended well could not be found out: %v", n.Err)
		}
		return "the previous recorder of this journal ended without draining its rings: what it lost is unknown"
	}
	return fmt.Sprintf("notice %d", int(n.Kind))
}

var remedies = [uapi.LostCauses]string{
	uapi.LostUnknown:   "they were numbered and never came; no counter says why",
	uapi.LostFull:      "use a larger ring, a filter or a faster disk",
	uapi.LostTooBig:    "they fit no ring record",
	uapi.LostNested:    "the probe was already running on that CPU",
	uapi.LostPath:      "there was no room to build their paths",
	uapi.LostFault:     "memory could not be read",
	uapi.LostState:     "too many calls were under way at once",
	uapi.LostMalformed: "the ring held bytes that are no record: the producer is at fault",
	uapi.LostUnclean:   "the recorder ended without draining",
}
