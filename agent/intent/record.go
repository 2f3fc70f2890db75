// SPDX-License-Identifier: Apache-2.0

package intent

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"vexj/agent/session"
	"vexj/uapi"
)

// ErrIntent: an intent cannot be begun as it was asked for.
var ErrIntent = errors.New("not an intent")

// Bounds of what an intent says.
const (
	MaxText  = 4096 // bytes
	MaxTouch = 64   // globs, of up to MaxText bytes together
	maxArgv  = 8192 // bytes that are kept of a command line
)

// Details are the metadata of an intent's record.
type Details struct {
	Session string   `json:"session,omitempty"` // as text
	Touch   []string `json:"touch,omitempty"`   // globs of what it says that it will change
	PID     uint32   `json:"pid,omitempty"`     // first process of the tree
	Cgroup  uint64   `json:"cgroup,omitempty"`  // id
	Bound   string   `json:"bound"`             // tree, cgroup or tree+cgroup
	Cwd     string   `json:"cwd,omitempty"`
	Argv    []string `json:"argv,omitempty"`
}

// End is the metadata of the record of an end.
type End struct {
	Ended string `json:"ended"` // why
}

// Why an intent ended.
const (
	EndedAsked        = "asked"        // by an explicit end
	EndedDisconnected = "disconnected" // whoever held it has gone
	EndedExited       = "exited"       // the last of its processes has
	EndedRecorder     = "recorder"     // the recorder ends
	EndedFailed       = "failed"       // it could not be bound to what it was asked for
)

// ParseDetails reads the metadata of an intent's record. Anybody can write a record,
// so a caller must expect anything within the bounds of JSON.
func ParseDetails(rec uapi.Record) (d Details, err error) {
	if rec.Type() != uapi.SemIntent {
		return d, fmt.Errorf("%w: it is a %s record", ErrIntent, rec.Type())
	}
	if len(rec.Metadata()) == 0 {
		return d, nil
	}
	if err := json.Unmarshal(rec.Metadata(), &d); err != nil {
		return d, fmt.Errorf("%w: its metadata: %w", ErrIntent, err)
	}
	return d, nil
}

// said is what somebody says of an intent.
type said struct {
	session.Identity
	Text       string
	Confidence uint32 // 0: not said
	Touch      []string
}

func (s *said) check() error {
	if err := s.Identity.Check(); err != nil {
		return err
	}
	sum := 0
	for _, glob := range s.Touch {
		sum += len(glob)
		if !utf8.ValidString(glob) || strings.ContainsRune(glob, 0) || glob == "" {
			return fmt.Errorf("%w: what it touches is not a glob: %q", ErrIntent, glob)
		}
	}
	switch {
	case len(s.Text) > MaxText:
		return fmt.Errorf("%w: its text has %d bytes, at most %d fit", ErrIntent, len(s.Text), MaxText)
	case !utf8.ValidString(s.Text) || strings.ContainsRune(s.Text, 0):
		return fmt.Errorf("%w: its text is not UTF-8, or has a NUL in it", ErrIntent)
	case s.Confidence > 100:
		return fmt.Errorf("%w: its confidence is %d, of 100", ErrIntent, s.Confidence)
	case len(s.Touch) > MaxTouch || sum > MaxText:
		return fmt.Errorf("%w: it says to touch %d globs of %d bytes, at most %d of %d fit", ErrIntent, len(s.Touch), sum, MaxTouch, MaxText)
	}
	return nil
}

// record makes an intent's record, but for what the recorder stamps.
func (i *Intent) record(task uapi.Task, d Details) (uapi.Record, error) {
	meta, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{Type: uapi.SemIntent, PID: task.TID, Parent: i.Parent, RootCause: i.Root, VisibilityMask: i.Visibility,
		Flags: uapi.FlagCausal | uapi.FlagAgentVisible})
	b.AddTask(task)
	addIdentity(b, i)
	if i.Text != "" {
		b.AddString(uapi.AttrAgentIntent, i.Text)
	}
	if i.Confidence != 0 {
		b.AddU32(uapi.AttrAgentConfidence, i.Confidence)
	}
	b.Metadata(meta)
	return b.Finish()
}

func (i *Intent) endRecord(pid uint32, why string) (uapi.Record, error) {
	meta, err := json.Marshal(End{why})
	if err != nil {
		return nil, err
	}
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{Type: uapi.SemContextSwitch, PID: pid, Parent: i.ID, RootCause: i.Root, VisibilityMask: i.Visibility,
		Flags: uapi.FlagCausal | uapi.FlagAgentVisible})
	// Whoever ended it may be gone by now.
	if task, err := TaskOf(pid); err == nil {
		b.AddTask(task)
	}
	addIdentity(b, i)
	b.Metadata(meta)
	return b.Finish()
}

func addIdentity(b *uapi.Builder, i *Intent) {
	if i.Agent != "" {
		b.AddString(uapi.AttrAgentID, i.Agent)
	}
	if i.SessionID != 0 {
		b.AddU64(uapi.AttrSession, i.SessionID)
	}
}

// cutArgv keeps the beginning of a long command line.
func cutArgv(argv []string) []string {
	left := maxArgv
	for i, a := range argv {
		if left -= len(a) + 1; left < 0 {
			return argv[:i:i]
		}
	}
	return argv
}
