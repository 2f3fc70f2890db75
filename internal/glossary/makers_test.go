// SPDX-License-Identifier: Apache-2.0

package glossary

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vexj/uapi"
)

// attribute is the name of one in C, as in Go, or of the method that adds it.
var attribute = regexp.MustCompile(`\b(?:VEXJ_ATTR_(\w+)|uapi\.Attr(\w+)|Add(\w+)\()`)

// named returns the attributes that code names, in small letters without what
// separates words.
func named(t *testing.T, patterns ...string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, pattern := range patterns {
		names, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v, %v", pattern, names, err)
		}
		for _, name := range names {
			// This one refuses those that programs may not set.
			if strings.HasSuffix(name, "_test.go") || filepath.Base(name) == "emission.c" {
				continue
			}
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range attribute.FindAllSubmatch(b, -1) {
				all[strings.ToLower(strings.ReplaceAll(string(m[1])+string(m[2])+string(m[3]), "_", ""))] = true
			}
		}
	}
	return all
}

// TestMakers holds what is said to fill in an attribute against what the code of
// producers names.
func TestMakers(t *testing.T) {
	kmod, bpf := named(t, "kmod/*.c"), named(t, "bpf/*.h", "bpf/*.bpf.c", "bpf/contexts.go")
	fuse, vector, hnsw := named(t, "fuse/*.go"), named(t, "vector/*.go", "vector/collection/*.go"), named(t, "hnsw/*.go")
	// Both take the attribution from here, and the account of a run, which for
	// others the recorder makes.
	produce := named(t, "internal/produce/*.go")

	for _, tag := range uapi.Tags() {
		member := strings.ReplaceAll(tag.String(), "-", "_")
		word := strings.ReplaceAll(member, "_", "")
		switch tag {
		case uapi.AttrProducer:
			member = "producer_counts"
		case uapi.AttrParent:
			member = "directory"
		case uapi.AttrCoverage:
			member = "uncovered"
		}
		i := slices.IndexFunc(Entries(), func(e Entry) bool { return e.Kind == Field && e.Name == member })
		if i < 0 {
			t.Errorf("no entry explains %s", member)
			continue
		}
		by := Entries()[i].By
		produced := produce[word] && !slices.Contains(by, "recorder")
		for maker, made := range map[string]bool{
			"kernel": kmod[word] && bpf[word],
			"fuse":   fuse[word] || tag == uapi.AttrParent && fuse["parents"],
			"vector": vector[word] || produced,
			"hnsw":   hnsw[word] || produced,
		} {
			if said := slices.Contains(by, maker); said != made {
				t.Errorf("%s is said to be filled in by %q; that %s names it is %v", member, by, maker, made)
			}
		}
	}
}
