// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"time"

	"vexj/query"
)

// An Intent is what an agent said that it would do.
type Intent struct {
	ID          string     `json:"id"`
	Time        *time.Time `json:"time"`
	Text        string     `json:"text"`
	Agent       string     `json:"agent,omitempty"`
	Session     string     `json:"session,omitempty"` // its number
	SessionName string     `json:"session_name,omitempty"`
	Touch       []string   `json:"touch,omitempty"`
	Folder      string     `json:"cwd,omitempty"`
	Confidence  uint32     `json:"confidence,omitempty"`
	Ended       *time.Time `json:"ended,omitempty"`
}

func intent(i *query.Intent) *Intent {
	if i == nil {
		return nil
	}
	o := &Intent{ID: ID(i.Rec.EventID()), Time: stamp(i.Time), Text: Text(i.Text), Agent: Text(i.Agent),
		Session: session(i.Session), SessionName: Text(i.Name), Folder: Text(i.Folder), Confidence: i.Confidence}
	if len(i.Touch) > 0 {
		o.Touch = texts(i.Touch)
	}
	return o
}

// A Writer is somebody who changed a file.
type Writer struct {
	Agent       string     `json:"agent,omitempty"`
	Session     string     `json:"session,omitempty"`
	SessionName string     `json:"session_name,omitempty"`
	Intent      *Intent    `json:"intent,omitempty"`
	PID         uint32     `json:"pid"`
	UID         uint32     `json:"uid"`
	Comm        string     `json:"comm,omitempty"`
	Records     uint64     `json:"records"`
	Bytes       uint64     `json:"bytes"`
	First       *time.Time `json:"first"`
	Last        *time.Time `json:"last"`
	FirstID     string     `json:"first_id"`
	LastID      string     `json:"last_id"`
	Types       []string   `json:"types"`
	Paths       []string   `json:"paths"`
	Created     bool       `json:"created,omitempty"`
	Deleted     bool       `json:"deleted,omitempty"`
}

func writer(w *query.Writer) Writer {
	o := Writer{
		Agent: Text(w.Agent), Session: session(w.Session), Intent: intent(w.Intent), PID: w.PID, UID: w.UID, Comm: Text(w.Command),
		Records: w.Records, Bytes: w.Bytes, First: stamp(w.First.Time), Last: stamp(w.Last.Time),
		FirstID: ID(w.First.Rec.EventID()), LastID: ID(w.Last.Rec.EventID()), Types: w.Types, Paths: texts(w.Names),
		Created: w.Created, Deleted: w.Deleted,
	}
	if w.Intent != nil && w.Intent.Session == w.Session {
		o.SessionName = Text(w.Intent.Name)
	}
	return o
}

// A Blame is who changed a file.
type Blame struct {
	Path    string   `json:"path"`
	Gone    bool     `json:"gone,omitempty"`
	Writers []Writer `json:"writers"`
	More    bool     `json:"more"`
	Damaged bool     `json:"damaged,omitempty"`
}

func (t *Teller) blame(b *query.Blame) Blame {
	o := Blame{Path: Text(b.Path), Gone: b.Gone, Writers: []Writer{}, More: b.More, Damaged: t.Damaged()}
	for i := range b.Writers {
		o.Writers = append(o.Writers, writer(&b.Writers[i]))
	}
	return o
}

// Blames are those of the files of a folder, or of one file.
type Blames struct {
	Files   []Blame `json:"files"`
	Folder  bool    `json:"folder"`
	More    bool    `json:"more"` // files
	Damaged bool    `json:"damaged,omitempty"`
}

// Blame tells who changed the file, or the files of the folder: of these no more
// than files.
func (t *Teller) Blame(path string, o query.BlameOptions, files int) (*Blames, error) {
	folder, err := t.q.IsFolder(path)
	if err != nil {
		return nil, err
	}
	if !folder || o.All {
		b, err := t.q.Blame(path, o)
		if err != nil {
			return nil, err
		}
		return &Blames{Files: []Blame{t.blame(b)}, Damaged: t.Damaged()}, nil
	}
	list, more, err := t.q.BlameFolder(path, files)
	if err != nil {
		return nil, err
	}
	all := &Blames{Files: []Blame{}, Folder: true, More: more, Damaged: t.Damaged()}
	for _, b := range list {
		all.Files = append(all.Files, t.blame(b))
	}
	return all, nil
}
