// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vexj/internal/glossary"
	"vexj/uapi"
)

var (
	index   = regexp.MustCompile(`\[\d+\]`)
	unknown = regexp.MustCompile(`^attr_\d+$`)
)

// TestMembersAreExplained renders every kind of attribute that there is, and holds
// the members of the objects against what is explained, both ways.
func TestMembersAreExplained(t *testing.T) {
	var records []uapi.Record
	for i, one := range samples {
		records = append(records, one.entry(t, i).Rec)
	}
	records = append(records, sample{"chgrp", uapi.FSChown, 0, 0, "", func(b *uapi.Builder) { b.AddOwner(uapi.Owner{UID: unchanged, GID: 8}) }}.entry(t, 0).Rec)
	// The record's own test data, which has each attribute.
	names, err := filepath.Glob("../../uapi/testdata/golden/*.bin")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d records, %v", len(names), err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, b)
	}

	explained := map[string]bool{}
	for _, e := range glossary.Entries() {
		explained[e.Name] = explained[e.Name] || e.Kind == glossary.Field
	}
	seen := map[string]bool{}
	for _, rec := range records {
		d := json.NewDecoder(bytes.NewReader(NewObject().Append(nil, Entry{Ordinal: 1, Rec: rec})))
		d.UseNumber()
		rows, err := flatten(d, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range exact(rows) {
			name := strings.TrimSuffix(index.ReplaceAllString(r.name, ""), "_bytes")
			if unknown.MatchString(name) {
				name = "attr_NNN"
			}
			if !explained[name] && !seen[name] {
				t.Errorf("objects have %s, which no entry explains", name)
			}
			seen[name] = true
			if group, _, inside := strings.Cut(name, "."); inside {
				seen[group] = true
			}
		}
	}
	for _, e := range glossary.Entries() {
		// What comes from the command, and what only expressions have.
		if e.Name == "cursor" || e.Name == "attrs" || e.Kind == glossary.Field && e.Name == "failed" {
			continue
		}
		if e.Kind == glossary.Field && !seen[e.Name] {
			t.Errorf("%s is explained, and no object has it", e.Name)
		}
	}
}
