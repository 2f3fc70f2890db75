// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vexj/internal/layout"
)

var (
	heading = regexp.MustCompile(`(?m)^# (.*)$`)
	tabled  = regexp.MustCompile(`^\t *(\d+) +(\d+)  +(\S.*)$`)
)

// TestDocumentedLayout holds the tables of the documentation, of which usjl(5) is
// made, against the fields that are read and written.
func TestDocumentedLayout(t *testing.T) {
	source, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	text := source.Doc.Text()
	for _, c := range []struct {
		section, table string // the table is behind a line of this text
		fields         []layout.Field
	}{
		{"Header", "offset size", headerFields},
		{"Block", "offset size", blockFields},
		{"Footer", "offset size", footerFields},
		{"Footer", "entry:", entryFields},
		{"Footer", "trailer, the last", trailerFields},
		{"The index", "directory, for each page:", indexPageFields},
		{"The index", "tail:", indexTailFields},
	} {
		name := c.section + ", " + c.table
		rows := tableOf(t, text, c.section, c.table)
		starts, ends := map[int]bool{}, map[int]bool{}
		for i, f := range c.fields {
			// One field of an index is three rows: it is compared as a whole.
			if f.Name == "segment" && f.Size == 48 {
				c.fields = slices.Concat(c.fields[:i:i], []layout.Field{
					{Name: "salt", Offset: 0, Size: 8}, {Name: "first ordinal", Offset: 8, Size: 8}, {Name: "chain", Offset: 16, Size: 32},
				}, c.fields[i+1:])
			}
		}
		for _, f := range c.fields {
			if f.Size > 0 {
				starts[f.Offset], ends[f.Offset+f.Size] = true, true
			}
		}
		covered := 0
		for _, r := range rows {
			if r.offset != covered {
				t.Errorf("%s: %q begins at %d, the row before ends at %d", name, r.text, r.offset, covered)
			}
			covered = r.offset + r.size
			zero := strings.HasPrefix(r.text, "zero:") || r.text == "zero"
			if !zero && (!starts[r.offset] || !ends[covered]) {
				t.Errorf("%s: %q is of %d bytes at %d, where no field begins or ends", name, r.text, r.size, r.offset)
			}
			for _, f := range c.fields {
				if zero && f.Form != layout.Zero && f.Offset < covered && r.offset < f.Offset+f.Size {
					t.Errorf("%s: %s is at %d, which is said to be zero", name, f.Name, f.Offset)
				}
				if f.Size > 0 && f.Offset < r.offset && r.offset < f.Offset+f.Size {
					t.Errorf("%s: %q begins within %s", name, r.text, f.Name)
				}
			}
		}
		last := c.fields[len(c.fields)-1]
		if covered != last.Offset+last.Size {
			t.Errorf("%s: the table ends at %d, the part at %d", name, covered, last.Offset+last.Size)
		}
	}
}

type tableRow struct {
	offset, size int
	text         string
}

// tableOf returns the rows behind a line, as far as they are consecutive.
func tableOf(t *testing.T, text, section, table string) (rows []tableRow) {
	t.Helper()
	in, on := false, false
	for line := range strings.SplitSeq(text, "\n") {
		if m := heading.FindStringSubmatch(line); m != nil {
			in, on = m[1] == section, false
			continue
		}
		if in && strings.HasPrefix(strings.TrimSpace(line), table) {
			on = true
			continue
		}
		if !on {
			continue
		}
		if m := tabled.FindStringSubmatch(line); m != nil {
			offset, _ := strconv.Atoi(m[1])
			size, _ := strconv.Atoi(m[2])
			rows = append(rows, tableRow{offset, size, m[3]})
		} else if len(rows) > 0 && (strings.TrimSpace(line) == "" || !strings.HasPrefix(line, "\t")) {
			break
		}
	}
	if len(rows) < 3 {
		t.Fatalf("%s has no table behind %q", section, table)
	}
	return rows
}
