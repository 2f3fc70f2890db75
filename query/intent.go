// SPDX-License-Identifier: Apache-2.0

package query

import (
	"encoding/json"

	"vexj/uapi"
)

// An Intent is what an agent said that it would do.
type Intent struct {
	Event
	Agent      string
	Session    uint64
	Name       string // of the session, as it was given; empty: it was not
	Text       string
	Touch      []string // patterns of the paths that it said it would change
	Folder     string   // that they are relative to
	Confidence uint32
}

// intentMeta is the metadata of an intent's record.
type intentMeta struct {
	Session string   `json:"session"`
	Touch   []string `json:"touch"`
	Folder  string   `json:"cwd"`
}

// ParseIntent reads the record of an intent. Metadata that cannot be read says
// nothing.
func ParseIntent(e Event) *Intent {
	i := &Intent{Event: e, Agent: agentOf(e.Rec), Session: sessionOf(e.Rec)}
	text, _ := e.Rec.Attr(uapi.AttrAgentIntent)
	i.Text = string(text)
	i.Confidence, _ = e.Rec.U32(uapi.AttrAgentConfidence)
	var m intentMeta
	if json.Unmarshal(e.Rec.Metadata(), &m) == nil {
		i.Name, i.Touch, i.Folder = m.Session, m.Touch, m.Folder
	}
	return i
}

func agentOf(r uapi.Record) string {
	id, _ := r.Attr(uapi.AttrAgentID)
	return string(id)
}

func sessionOf(r uapi.Record) uint64 {
	n, _ := r.U64(uapi.AttrSession)
	return n
}

// maxChain is how far causes are followed. A chain that is longer was made up.
const maxChain = 1000

// Intent returns the nearest intent that the record comes of, nil if there is none
// in the view.
func (q *Inquiry) Intent(r uapi.Record) (*Intent, error) {
	passed := []uint64{}
	var found *Intent
	for id := r.Parent(); id != 0 && len(passed) < maxChain; {
		if i, known := q.intents[id]; known {
			found = i
			break
		}
		passed = append(passed, id)
		e, err := q.look(id)
		if err != nil {
			return nil, err
		}
		if e == nil {
			break
		}
		if e.Rec.Type() == uapi.SemIntent {
			found = ParseIntent(*e)
			break
		}
		if id = e.Rec.Parent(); id == e.Rec.EventID() {
			break
		}
	}
	if len(q.intents) >= maxRemembered {
		clear(q.intents)
	}
	for _, id := range passed {
		q.intents[id] = found
	}
	return found, nil
}
