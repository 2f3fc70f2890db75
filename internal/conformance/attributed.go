// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"

	"vexj/uapi"
)

// An Attributing capture sets a context on the row's process. Then each record of
// the row must bear it, and be in all else as it would be without.
type Attributing interface {
	// Context is what it sets; nil: nothing.
	Context() *uapi.Context
}

// unattributed checks that recs bear the context of c, and returns them as they would
// be without.
func unattributed(c Capture, recs []uapi.Record) ([]uapi.Record, error) {
	a, ok := c.(Attributing)
	if !ok || a.Context() == nil {
		return recs, nil
	}
	ctx := *a.Context()
	ctx.Settle()
	out := make([]uapi.Record, len(recs))
	for i, r := range recs {
		var err error
		if out[i], err = without(ctx, r); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrMismatch, title(r), err)
		}
	}
	return out, nil
}

func without(ctx uapi.Context, r uapi.Record) (uapi.Record, error) {
	h := r.Header()
	agent, _ := r.Attr(uapi.AttrAgentID)
	session, _ := r.U64(uapi.AttrSession)
	switch {
	case string(agent) != ctx.Agent || session != ctx.Session:
		return nil, fmt.Errorf("it is attributed to %q, session %d, not to %q, session %d", agent, session, ctx.Agent, ctx.Session)
	case h.VisibilityMask != ctx.Visibility:
		return nil, fmt.Errorf("its visibility is %#x, not %#x", h.VisibilityMask, ctx.Visibility)
	case h.RootCause != ctx.Root:
		return nil, fmt.Errorf("it goes back to %#x, not to %#x", h.RootCause, ctx.Root)
	case h.Parent == 0:
		return nil, fmt.Errorf("it has no cause")
	}
	h.RootCause = h.Parent
	if h.Parent == ctx.Parent {
		h.Parent, h.RootCause = 0, h.EventID
	}
	h.VisibilityMask = ^uint64(0)
	b := uapi.NewBuilder(nil)
	b.Begin(h)
	for tag, v := range r.Attrs() {
		if tag != uapi.AttrAgentID && tag != uapi.AttrSession {
			b.AddBytes(tag, v)
		}
	}
	return b.Finish()
}
