// SPDX-License-Identifier: Apache-2.0

package vexj

import (
	"bufio"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "vexj"

// arrows says which packages of vexj those of a folder may import, besides
// others of the same folder: a record goes from uapi by way of a producer, ring,
// mirror and userjournal to query, and nothing that comes later is known to what
// comes before. "*" is all but cmd. An entry counts for the folders below it
// that have none.
var arrows = map[string][]string{
	"uapi":                 nil,
	"bpf":                  {"uapi"},
	"kmod/device":          {"uapi"},
	"kmod/kmodtest":        nil,
	"ring":                 {"uapi"},
	"fuse":                 {"uapi"},
	"vector":               {"uapi", "internal/disk", "internal/distance", "internal/produce"},
	"vector/collection":    {"hnsw", "internal/produce", "uapi", "userjournal", "vector"},
	"vector/embed":         nil,
	"vector/vecfile":       {"vector", "internal/distance"},
	"vector/vectortest":    {"userjournal", "userjournal/crashfs", "vector"},
	"hnsw":                 {"uapi", "internal/disk", "internal/distance", "internal/produce"},
	"compat":               {"uapi", "internal/layout"},
	"userjournal":          {"uapi", "internal/blake3", "internal/disk", "internal/latency", "internal/layout"},
	"mirror":               {"internal/latency", "ring", "userjournal", "uapi"},
	"query":                {"query/where", "userjournal", "uapi"},
	"agent/params":         {"agent/session", "internal/when", "query", "uapi"},
	"agent/mcp":            {"agent/params", "agent/session", "internal/answer", "query", "userjournal"},
	"agent/read":           {"agent/params", "agent/server", "agent/session", "internal/answer", "query", "query/where", "userjournal"},
	"query/where":          {"internal/glossary", "uapi"},
	"query/replay":         {"internal/disk", "query", "userjournal", "uapi"},
	"agent/session":        {"uapi"},
	"agent/search":         {"hnsw", "internal/disk", "query", "uapi", "userjournal", "vector", "vector/collection", "vector/embed"},
	"agent/subscribe":      {"agent/stream", "uapi"},
	"agent/stream":         {"agent/params", "agent/server", "internal/latency", "internal/render", "query", "query/where", "uapi", "userjournal"},
	"agent":                {"agent/control", "agent/emission", "agent/intent", "agent/session", "internal/produce", "query", "query/replay", "userjournal", "uapi"},
	"examples":             {"*"},
	"export":               {"internal/disk", "internal/quote", "internal/render", "query", "uapi", "userjournal"},
	"compat/boundary":      {"uapi"},
	"docs/grafana":         nil,
	"internal/attribution": {"uapi"},
	"internal/conformance": {"uapi"},
	"internal/matrix":      {"*"},
	"internal/tap":         {"ring", "uapi"},
	"internal/blake3":      nil,
	"internal/disk":        nil,
	"internal/distance":    nil,
	"internal/answer":      {"internal/quote", "internal/render", "query", "uapi", "userjournal"},
	"internal/glossary":    nil,
	"internal/latency":     nil,
	"internal/layout":      nil,
	"internal/produce":     {"uapi"},
	"internal/quote":       nil,
	"internal/parse":       {"internal/quote", "internal/render", "uapi"},
	"internal/render":      {"internal/layout", "internal/quote", "uapi"},
	"internal/tale":        {"agent/session", "uapi", "userjournal"},
	"internal/when":        nil,
	"internal/storm":       {"internal/recorder", "query", "uapi", "userjournal"},
	"internal/recorder":    {"mirror", "ring", "uapi", "userjournal"},
	"internal/scramble":    nil,
	"bench":                {"*"},
	"cmd":                  {"*"},
}

// testArrows says what tests may import besides.
var testArrows = map[string][]string{
	"agent/mcp":       {"internal/tale", "uapi"},
	"agent/read":      {"internal/tale"},
	"export":          {"internal/tale"},
	"bpf":             {"internal/attribution", "internal/conformance", "internal/tap", "ring", "mirror", "userjournal", "query"},
	"fuse":            {"internal/attribution", "internal/conformance", "internal/recorder", "internal/scramble", "internal/tap", "ring", "query", "query/replay", "userjournal"},
	"query":           {"internal/tale"},
	"ring":            {"bench/gen"},
	"mirror":          {"bench/gen", "query"},
	"agent/subscribe": {"agent/server", "userjournal"},
	// What is left of files when the power is cut.
	"vector/collection": {"vector/vectortest", "userjournal/crashfs", "query"},
	"vector":            {"vector/vectortest", "userjournal/crashfs", "userjournal", "query"},
	// The account of what was numbered.
	"internal/produce": {"query"},
	// The words that are explained against those that there are.
	"internal/glossary": {"uapi"},
	"internal/render":   {"internal/glossary"},
	// Tests alone, of the module and what drains it.
	"kmod/kmodtest": {"kmod/device", "internal/attribution", "internal/conformance", "internal/tap", "ring", "mirror", "userjournal", "query", "uapi"},
	// The whole chain.
	"internal/storm": {"*"},
	"query/replay":   {"bpf", "internal/recorder", "internal/scramble"},
	// A mount that is recorded from both sides.
	"compat/boundary": {"bpf", "fuse", "internal/recorder", "userjournal"},
}

// outside says which folders may use a module that comes from outside of
// vexj: the record, the ring and the journal can be read with little more than
// the standard library.
var outside = map[string][]string{
	"cel.dev/cel-go":                         {"query/where"},
	"github.com/bmatcuk/doublestar/v4":       {"query"},
	"github.com/charmbracelet/bubbletea":     {"cmd"},
	"github.com/cilium/ebpf":                 {"bench", "bpf", "compat/capability"},
	"github.com/hanwen/go-fuse/v2":           {"fuse"},
	"github.com/klauspost/compress":          {"export/deliver", "userjournal"},
	"github.com/modelcontextprotocol/go-sdk": {"agent/mcp", "cmd"},
	"github.com/parquet-go/parquet-go":       {"export/parquet"},
	"github.com/pierrec/lz4/v4":              {"compat", "userjournal"},
	"github.com/prometheus/client_golang":    {"cmd"},
	"github.com/rogpeppe/go-internal":        nil, // tests
	"github.com/spf13/cobra":                 {"cmd"},
	"github.com/spf13/pflag":                 {"cmd"},
	"go.opentelemetry.io/proto/slim/otlp":    {"export/otlp"},
	"golang.org/x/sys":                       {"agent", "bench", "bpf", "cmd", "compat/capability", "export", "fuse", "hnsw", "internal", "kmod", "mirror", "query/replay", "ring", "uapi", "userjournal", "vector"},
	"golang.org/x/term":                      {"cmd"},
	"google.golang.org/protobuf":             {"export/otlp"},
	"lukechampine.com/blake3":                {"internal/blake3"},
}

// A source is a Go file of the tree.
type source struct {
	folder string // slash-separated, "." for the root
	name   string
	file   *ast.File
}

func (s source) test() bool { return strings.HasSuffix(s.name, "_test.go") }

// tree calls fn with every file of the checkout but those that git ignores,
// which are outputs and other people's.
func tree(t *testing.T, fn func(name string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (name == ".git" || name == "bin" || name == "build" || name == ".cache") {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() {
			fn(filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sources parses all Go files, whatever system or tags they are for.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	fset := token.NewFileSet()
	tree(t, func(name string) {
		if path.Ext(name) != ".go" || strings.Contains("/"+name, "/testdata/") {
			return
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source{path.Dir(name), path.Base(name), file})
	})
	if len(all) < 100 {
		t.Fatalf("found %d Go files: the test does not run at the root of the tree", len(all))
	}
	return all
}

func TestImportArrows(t *testing.T) {
	for _, s := range sources(t) {
		if s.folder == "." {
			continue
		}
		home := within(s.folder, arrows)
		if home == "" {
			t.Errorf("%s: folder has no import arrows: decide which, and say so in arrows", s.folder)
			continue
		}
		for _, spec := range s.file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			where := path.Join(s.folder, s.name)
			if own, ok := strings.CutPrefix(imported, module+"/"); ok {
				if !mayImport(home, own, s.test()) {
					t.Errorf("%s imports %s, against the arrows of %s", where, imported, home)
				}
			} else if mod := outsideModule(imported); mod != "" {
				if !mayUse(t, s, mod) {
					t.Errorf("%s imports %s, which %s may not use", where, imported, home)
				}
			}
		}
	}
}

func mayImport(home, imported string, test bool) bool {
	target := within(imported, arrows)
	if target == home {
		return true
	}
	allowed := arrows[home]
	if test {
		allowed = slices.Concat(allowed, testArrows[home])
	}
	for _, a := range allowed {
		if a == "*" && target != "cmd" || a == imported || a == target {
			return true
		}
	}
	return false
}

// mayUse: a test may compare with anything that the module requires already. A
// folder with a go.mod of its own requires for itself alone.
func mayUse(t *testing.T, s source, mod string) bool {
	if _, err := os.Stat(path.Join(s.folder, "go.mod")); s.folder != "." && err == nil {
		return true
	}
	folders, known := outside[mod]
	if !known {
		t.Errorf("%s/%s: module %s is new: decide who may use it, and say so in outside", s.folder, s.name, mod)
		return true
	}
	return s.test() || slices.ContainsFunc(folders, func(f string) bool {
		return s.folder == f || strings.HasPrefix(s.folder, f+"/")
	})
}

// within returns the entry of the table that counts for a folder.
func within[V any](folder string, table map[string]V) string {
	for f := folder; f != "."; f = path.Dir(f) {
		if _, ok := table[f]; ok {
			return f
		}
	}
	return ""
}

// outsideModule returns the module of an import path, "" for the standard
// library.
func outsideModule(imported string) string {
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return ""
	}
	for mod := range outside {
		if imported == mod || strings.HasPrefix(imported, mod+"/") {
			return mod
		}
	}
	return imported
}

func TestPackagesAreDocumented(t *testing.T) {
	docs := map[string][]string{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		if _, ok := docs[s.folder]; !ok {
			docs[s.folder] = nil
		}
		if s.file.Doc != nil {
			docs[s.folder] = append(docs[s.folder], s.name)
			// A sentence and not just the package's name.
			text := new(doc.Package).Synopsis(s.file.Doc.Text())
			if len(strings.Fields(text)) < 4 {
				t.Errorf("%s/%s: package documentation says nothing: %q", s.folder, s.name, text)
			}
		}
	}
	for folder, names := range docs {
		switch len(names) {
		case 0:
			t.Errorf("%s: no package documentation: it belongs into %s/doc.go", folder, folder)
		case 1:
		default:
			t.Errorf("%s: package documentation in several files: %s", folder, strings.Join(names, ", "))
		}
	}
}

// licences says which licence a file bears by what it is: C that runs in the
// kernel is GPL, the header that programs of all kinds include is either, and
// all else is Apache. Files of other kinds cannot carry the line: REUSE.toml
// speaks for them.
func licence(name string) (want string, ok bool) {
	const apache, gpl = "Apache-2.0", "GPL-2.0-only"
	dir, base, ext := path.Dir(name), path.Base(name), path.Ext(name)
	switch {
	case name == "uapi/vexj.h":
		return "(GPL-2.0-only WITH Linux-syscall-note) OR MIT", true
	case strings.HasSuffix(base, ".bpf.c"), base == "Kbuild", base == "dkms.conf":
		return gpl, true
	case ext == ".c" || ext == ".h":
		if dir == "bpf" || strings.HasPrefix(name, "kmod/") {
			return gpl, true
		}
		return apache, true
	case ext == ".js" || ext == ".css" || ext == ".html":
		return apache, true
	case ext == ".go" || ext == ".s" || ext == ".sh" || ext == ".4" || ext == ".5" || ext == ".8",
		base == "Makefile", base == ".clang-format", base == "staticcheck.conf",
		strings.HasPrefix(name, "scripts/"), strings.HasPrefix(name, ".ci/"),
		dir == "packaging" && base != "go.mod" && base != "go.sum":
		return apache, true
	}
	return "", false
}

func TestLicences(t *testing.T) {
	used := map[string]bool{"Apache-2.0": true}
	seen := 0
	tree(t, func(name string) {
		want, ok := licence(name)
		if !ok {
			return
		}
		got, generated := licenceLine(t, name)
		if generated {
			return
		}
		seen++
		if got != want {
			t.Errorf("%s: SPDX-License-Identifier is %q, must be %q, in the first lines", name, got, want)
		}
		for word := range strings.FieldsSeq(strings.NewReplacer("(", "", ")", "").Replace(want)) {
			if word != "WITH" && word != "OR" && word != "AND" {
				used[word] = true
			}
		}
	})
	if seen < 100 {
		t.Errorf("looked at %d files only", seen)
	}
	for id := range used {
		if _, err := os.Stat(filepath.Join("LICENSES", id+".txt")); err != nil {
			t.Errorf("the text of a licence that is used is missing: %v", err)
		}
	}
	texts, err := os.ReadDir("LICENSES")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if id := strings.TrimSuffix(text.Name(), ".txt"); !used[id] {
			t.Errorf("LICENSES/%s: no file is under it", text.Name())
		}
	}
}

// licenceLine returns the licence that a file names in its first five lines,
// and whether a tool made the file.
func licenceLine(t *testing.T, name string) (id string, generated bool) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	for n := 0; n < 5 && sc.Scan(); n++ {
		line := sc.Text()
		if strings.HasPrefix(line, "// Code generated ") && strings.HasSuffix(line, " DO NOT EDIT.") {
			return "", true
		}
		if _, after, ok := strings.Cut(line, "SPDX-License-Identifier: "); ok {
			return strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(after, "*/"), "-->")), false
		}
	}
	return "", false
}
