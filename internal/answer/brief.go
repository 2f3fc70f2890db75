// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"encoding/json"
	"strings"
	"time"

	"vexj/uapi"
)

// A Brief is what matters most of a record, for readers with little room.
type Brief struct {
	ID      string    `json:"id"`
	Time    time.Time `json:"time"`
	Type    string    `json:"type"`
	Path    string    `json:"path,omitempty"`
	Path2   string    `json:"path2,omitempty"`
	Argv    []string  `json:"argv,omitempty"`
	Result  *int64    `json:"result,omitempty"`
	Error   string    `json:"error,omitempty"`
	Comm    string    `json:"comm,omitempty"`
	PID     uint32    `json:"pid,omitempty"`
	Agent   string    `json:"agent,omitempty"`
	Session string    `json:"session,omitempty"`
	Intent  string    `json:"intent,omitempty"`
	Parent  string    `json:"parent,omitempty"`
	Lost    uint64    `json:"lost,omitempty"`
}

// brief is the object of a record that is shown as its reader may see it.
func (t *Teller) brief(ordinal uint64, r uapi.Record) (json.RawMessage, error) {
	text := func(tag uapi.Tag) string {
		v, _ := r.Attr(tag)
		return Text(string(v))
	}
	b := Brief{ID: ID(r.EventID()), Time: t.set.WallTime(ordinal, r.Ktime()).UTC(), Type: r.Type().String(), Path: text(uapi.AttrPath),
		Path2: text(uapi.AttrPath2), Comm: Text(string(r.Comm())), PID: r.PID(), Agent: text(uapi.AttrAgentID),
		Intent: text(uapi.AttrAgentIntent), Parent: ID(r.Parent())}
	if argv := strings.TrimSuffix(string(r.Argv()), "\x00"); argv != "" {
		b.Argv = texts(strings.Split(argv, "\x00"))
	}
	if n, ok := r.U64(uapi.AttrSession); ok {
		b.Session = session(n)
	}
	if o, ok := r.IO(); ok {
		if r.Flags().Has(uapi.FlagFailed) && o.Result < 0 {
			b.Error = o.Errno().String()
		} else if o.Result != 0 {
			b.Result = &o.Result
		}
	}
	if l, ok := r.Lost(); ok {
		b.Lost = l.Count
	}
	return json.Marshal(b)
}
