// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"vexj/internal/layout"
)

// describe checks that the parts of a file are all of it, one behind the other.
func describe(t testing.TB, file []byte) (problems []string) {
	t.Helper()
	at := int64(0)
	err := Describe(bytes.NewReader(file), int64(len(file)), func(p layout.Part) error {
		if p.Offset != at || p.Size <= 0 {
			return fmt.Errorf("%s is at %d, %d bytes; the part before it ends at %d", p.Name, p.Offset, p.Size, at)
		}
		for _, f := range p.Fields {
			if p.Problem == nil && f.Offset+f.Size > len(p.Data) {
				return fmt.Errorf("%s: %s ends at %d of %d", p.Name, f.Name, f.Offset+f.Size, len(p.Data))
			}
		}
		at += p.Size
		if p.Problem != nil {
			problems = append(problems, fmt.Sprintf("%d %s: %v", p.Offset, p.Name, p.Problem))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	} else if at != int64(len(file)) {
		t.Errorf("the parts end at %d of %d", at, len(file))
	}
	return problems
}

func TestDescribe(t *testing.T) {
	for name, file := range golden(t) {
		t.Run(name, func(t *testing.T) {
			if problems := describe(t, file); problems != nil {
				t.Errorf("problems in a good file: %q", problems)
			}
			// Cut and changed anywhere, it is still described whole.
			for off := 12; off < len(file); off += len(file)/150 + 1 {
				changed := bytes.Clone(file)
				changed[off] ^= 0xff
				describe(t, changed)
				describe(t, file[:off])
			}
		})
	}
}

// TestDescribeTables: the tables leave no byte out, and their names are those
// of the C structures.
func TestDescribeTables(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("testdata", "legacy.c"))
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []struct {
		name   string
		fields []layout.Field
		size   int
	}{
		{"header", commonHeaderFields, semjHeaderSize}, {"usjl header", usjlHeaderFields, usjlHeaderSize},
		{"event", eventFields, eventHeadSize}, {"link", linkFields, 160}, {"index", indexFields, indexEntrySize},
		{"block", storageFields, blockHeadSize}, {"entry", entryFields, entryHead},
	} {
		end := 0
		for _, f := range table.fields {
			if f.Offset != end || f.Size <= 0 || f.Form == layout.Zero {
				t.Errorf("%s: %s at %d, %d bytes, after a field that ends at %d", table.name, f.Name, f.Offset, f.Size, end)
			}
			end = f.Offset + f.Size
			word := []byte(f.Name)
			word = word[bytes.LastIndexByte(word, '.')+1:]
			if !bytes.Contains(source, word) && !bytes.HasPrefix(word, []byte("vector_")) {
				t.Errorf("%s: C knows no %s", table.name, f.Name)
			}
		}
		if end != table.size {
			t.Errorf("%s: the fields end at %d of %d", table.name, end, table.size)
		}
	}
}
