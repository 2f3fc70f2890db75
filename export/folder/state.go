// SPDX-License-Identifier: Apache-2.0

package folder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"vexj/internal/disk"
	"vexj/userjournal"
)

const (
	stateName  = "export.json"
	unfinished = ".unfinished"

	// What files do shall be seen by those alone who may see the journal.
	fileMode = 0o600
	dirMode  = 0o700
)

var (
	// ErrOther: the folder holds something else than is to be put there.
	ErrOther = errors.New("the folder holds something else")
	// ErrBusy: another process exports into the folder.
	ErrBusy = errors.New("another process exports into the folder")
)

// What is exported: a folder goes on with the same alone.
type What struct {
	Format    string `json:"format"`
	Journal   string `json:"journal"`
	Selection string `json:"selection"`
}

// state is the content of stateName.
type state struct {
	What
	Position string `json:"position"`
}

// readState reads what there is of an export in the folder; ok is false if it is new.
func readState(dir string) (s state, ok bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, stateName))
	switch {
	case err == nil:
		if err := json.Unmarshal(text, &s); err != nil {
			return s, false, fmt.Errorf("%w: %s is not that of an export: %v; export into an empty folder", ErrOther, stateName, err)
		}
		return s, true, nil
	case !errors.Is(err, fs.ErrNotExist):
		return s, false, err
	}
	names, err := disk.ReadDir(dir)
	// One that was killed may have got no further than to a first state.
	names = slices.DeleteFunc(names, half)
	if err == nil && len(names) > 0 {
		err = fmt.Errorf("%w: %s; export into an empty folder", ErrOther, names[0])
	}
	return s, false, err
}

// half says whether a name is of a state that was not finished.
func half(name string) bool { return strings.HasPrefix(name, "."+stateName+".") }

// sweep removes what was left half, and returns the names of the rest.
func sweep(dir string) ([]string, error) {
	names, err := disk.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var rest []string
	for _, name := range names {
		if name != unfinished && !half(name) {
			rest = append(rest, name)
		} else if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

func (s *state) write(dir string) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return disk.ReplaceWith(filepath.Join(dir, stateName), fileMode, append(text, '\n'))
}

// check refuses to go on with something else.
func (s *state) check(w What) error {
	switch {
	case s.Format != w.Format:
		return fmt.Errorf("%w: %s, and not %s", ErrOther, s.Format, w.Format)
	case s.Journal != w.Journal:
		return fmt.Errorf("%w: what is exported of journal %s, and not of %s", ErrOther, s.Journal, w.Journal)
	case s.Selection != w.Selection:
		return fmt.Errorf("%w: what is exported with %s, and not with %s", ErrOther, asked(s.Selection), asked(w.Selection))
	}
	return nil
}

func asked(selection string) string {
	if selection == "" {
		return "no condition"
	}
	return selection
}

// partName names a part.
func partName(first, upto userjournal.Position, ext string) string {
	return fmt.Sprintf("%020d-%s.%s", first.Sum()+1, strings.ReplaceAll(upto.String(), ",", "+"), ext)
}

// parsePart is the inverse of partName, for names of one extension; ok is false for
// another file's.
func parsePart(set *userjournal.Set, name, ext string) (upto userjournal.Position, ok bool) {
	stem, ok := strings.CutSuffix(name, "."+ext)
	if !ok || len(stem) < 22 || stem[20] != '-' {
		return nil, false
	}
	if _, err := strconv.ParseUint(stem[:20], 10, 64); err != nil {
		return nil, false
	}
	upto, err := set.ParsePosition(strings.ReplaceAll(stem[21:], "+", ","))
	return upto, err == nil
}

// place is where the export goes on: where the last part ended, be it that the state
// says so or that its name, one of those in the folder, does.
func place(set *userjournal.Set, names []string, s *state, ext string) (userjournal.Position, error) {
	at, err := set.ParsePosition(s.Position)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrOther, stateName, err)
	}
	at = slices.Clone(at)
	for _, name := range names {
		if upto, ok := parsePart(set, name, ext); ok {
			at.Join(upto)
		}
	}
	return at, nil
}
