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

// TestMakers holds what is said to fill in an attribute against what the code of
// producers names.
func TestMakers(t *testing.T) {
	code := func(pattern string, without ...string) string {
		names, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v, %v", pattern, names, err)
		}
		var all strings.Builder
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") || slices.Contains(without, filepath.Base(name)) {
				continue
			}
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
		}
		return all.String()
	}
	kmod := code("kmod/*.c", "emission.c") // which refuses those that programs may not set
	bpf := code("bpf/*.h") + code("bpf/*.bpf.c") + code("bpf/contexts.go")
	fuse, vector, hnsw := code("fuse/*.go"), code("vector/*.go")+code("vector/collection/*.go"), code("hnsw/*.go")
	// Both take the attribution from here, and the account of a run, which for
	// others the recorder makes.
	produce := code("internal/produce/*.go")

	for _, tag := range uapi.Tags() {
		produce := produce
		name := strings.ReplaceAll(tag.String(), "-", "_")
		member := map[string]string{"producer": "producer_counts", "parent": "directory", "coverage": "uncovered"}[name]
		if member == "" {
			member = name
		}
		i := slices.IndexFunc(Entries(), func(e Entry) bool { return e.Kind == Field && e.Name == member })
		if i < 0 {
			t.Errorf("no entry explains %s", member)
			continue
		}
		c := regexp.MustCompile(`\bVEXJ_ATTR_` + strings.ToUpper(name) + `\b`)
		words := ""
		for part := range strings.SplitSeq(name, "_") {
			words += strings.ToUpper(part[:1]) + part[1:]
		}
		words = strings.NewReplacer("Io", "IO", "Id", "ID").Replace(words)
		if member == "directory" {
			words = "Parents?"
		}
		g := regexp.MustCompile(`\b(uapi\.Attr|\.?Add)` + words + `\b|\bAdd` + words + `\(`)
		if slices.Contains(Entries()[i].By, "recorder") {
			produce = ""
		}
		for by, made := range map[string]bool{
			"kernel": c.MatchString(kmod) && (c.MatchString(bpf) || g.MatchString(bpf)),
			"fuse":   g.MatchString(fuse),
			"vector": g.MatchString(vector + produce),
			"hnsw":   g.MatchString(hnsw + produce),
		} {
			if said := slices.Contains(Entries()[i].By, by); said != made {
				t.Errorf("%s is said to be filled in by %q; that %s names it is %v", member, Entries()[i].By, by, made)
			}
		}
	}
}
