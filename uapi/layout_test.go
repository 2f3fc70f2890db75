// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"bytes"
	"encoding/binary"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// goConstants returns the exported integer constants of this package, as the
// type checker sees them: an iota or a conversion cannot deceive it.
func goConstants(t *testing.T) map[string]int64 {
	t.Helper()
	fset := token.NewFileSet()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	// Imports stay unresolved: no constant that is compared depends on one.
	conf := types.Config{Error: func(error) {}}
	pkg, _ := conf.Check("uapi", fset, files, nil)
	found := map[string]int64{}
	for _, name := range pkg.Scope().Names() {
		if c, ok := pkg.Scope().Lookup(name).(*types.Const); ok && c.Exported() {
			if v, exact := constant.Int64Val(constant.ToInt(c.Val())); exact {
				found[name] = v
			}
		}
	}
	return found
}

var (
	// Names that the rule of goName does not make.
	renamed = map[string]string{
		"VEXJ_EVENT_VERSION_1": "Version1",
		"VEXJ_EVENT_VERSION":   "Version",
		"VEXJ_RECORD_ALIGN":    "Align",
		"VEXJ_RECORD_MAX":      "MaxRecord",
		"VEXJ_PATH_MAX":        "MaxPath",
		"VEXJ_VALUE_MAX":       "MaxValue",
	}
	// Exported constants that the header has no constant for.
	goOnly = []string{"HeaderSize", "MaxAgentID", "MaxResults", "NoOffset", "SeveralCPUs", "TypeSlots"}

	prefixes = map[string]string{"F": "Flag", "CAT": "Category"}
	upper    = []string{"AIO", "BPF", "CPU", "FD", "FS", "FUSE", "GID", "HNSW", "ID", "IO", "OFD", "PID", "PPID", "TID", "UID", "VFS"}
)

func goWord(w string) string {
	if slices.Contains(upper, w) {
		return w
	}
	return w[:1] + strings.ToLower(w[1:])
}

func goName(c string) string {
	if name, ok := renamed[c]; ok {
		return name
	}
	words := strings.Split(strings.TrimPrefix(c, "VEXJ_"), "_")
	var sb strings.Builder
	for i, w := range words {
		if p, ok := prefixes[w]; ok && i == 0 {
			sb.WriteString(p)
			continue
		}
		sb.WriteString(goWord(w))
	}
	return sb.String()
}

func TestConstantsMatchHeader(t *testing.T) {
	layout := compileLayout(t, readHeader(t))
	have := goConstants(t)
	used := map[string]bool{}
	for c, want := range layout.constants {
		name := goName(c)
		got, ok := have[name]
		if !ok {
			t.Errorf("vexj.h has %s = %#x; Go has no %s", c, want, name)
		} else if got != want {
			t.Errorf("vexj.h has %s = %#x; Go has %s = %#x", c, want, name, got)
		}
		used[name] = true
	}
	for name := range maps.Keys(have) {
		if !used[name] && !slices.Contains(goOnly, name) {
			t.Errorf("Go has %s = %#x; vexj.h has nothing that would be called so", name, have[name])
		}
	}
	if got := layout.sizes["vexj_record"]; got != HeaderSize {
		t.Errorf("sizeof(struct vexj_record) is %d, HeaderSize %d", got, HeaderSize)
	}
	if got := layout.sizes["vexj_link"]; got != LinkSize {
		t.Errorf("sizeof(struct vexj_link) is %d, LinkSize %d", got, LinkSize)
	}
	if got := layout.sizes["vexj_attr"]; got != attrHead {
		t.Errorf("sizeof(struct vexj_attr) is %d, attrHead %d", got, attrHead)
	}
}

// codec is how every struct of the header is read and written here.
type codec interface {
	get(b []byte)
	put(b []byte)
}

// headerCodec reads through the accessors of Record, so that they are compared
// with the header too.
type headerCodec struct{ Header }

func (h *headerCodec) get(b []byte) { h.Header = Record(b).Header() }
func (h *headerCodec) put(b []byte) { h.Put(b) }

// attrCodec stands for struct vexj_attr, which has no Go struct.
type attrCodec struct {
	Tag uint16
	Len uint16
}

func (a *attrCodec) get(b []byte) {
	tag, v, _, _ := nextAttr(append(bytes.Clone(b), make([]byte, 1<<16)...))
	a.Tag, a.Len = uint16(tag), uint16(len(v))
}

func (a *attrCodec) put(b []byte) {
	var bd Builder
	bd.Begin(Header{})
	bd.add(Tag(a.Tag), int(a.Len))
	copy(b, bd.buf[HeaderSize:])
}

var views = []struct {
	c      string
	view   codec
	tag    Tag // whose size in the registry is the struct's
	fields map[string]string
}{
	{c: "vexj_record", view: &headerCodec{}, fields: map[string]string{
		"event_type": "Type", "event_subtype": "Subtype", "cpu_id": "CPU", "process_id": "PID",
		"event_flags": "Flags", "event_priority": "Priority", "event_size": "Size", "event_version": "Version",
		"compression_type": "Compression", "encryption_type": "Encryption", "causality_link_count": "LinkCount",
		"parent_event_id": "Parent", "root_cause_event_id": "RootCause", "agent_visibility_mask": "VisibilityMask",
		"agent_relevance_score": "Relevance",
	}},
	{c: "vexj_link", view: &Link{}},
	{c: "vexj_attr", view: &attrCodec{}},
	{c: "vexj_attr_task", view: &Task{}, tag: AttrTask, fields: map[string]string{"mnt_ns": "MntNS", "pid_ns": "PidNS"}},
	{c: "vexj_attr_file", view: &File{}, tag: AttrFile},
	{c: "vexj_attr_file", view: &File{}, tag: AttrFile2},
	{c: "vexj_attr_io", view: &IO{}, tag: AttrIO},
	{c: "vexj_attr_parent", view: &Parents{}, tag: AttrParent},
	{c: "vexj_attr_open", view: &Open{}, tag: AttrOpen},
	{c: "vexj_attr_owner", view: &Owner{}, tag: AttrOwner},
	{c: "vexj_attr_times", view: &Times{}, tag: AttrTimes},
	{c: "vexj_attr_child", view: &Child{}, tag: AttrChild},
	{c: "vexj_attr_rdev", view: &Rdev{}, tag: AttrRdev},
	{c: "vexj_attr_lock", view: &Lock{}, tag: AttrLock},
	{c: "vexj_attr_lost", view: &Lost{}, tag: AttrLost},
	{c: "vexj_attr_producer", view: &ProducerAttr{}, tag: AttrProducer},
	{c: "vexj_attr_clock", view: &Clock{}, tag: AttrClock},
	{c: "vexj_attr_removed", view: &Removed{}, tag: AttrRemoved},
	{c: "vexj_attr_legacy", view: &Legacy{}, tag: AttrLegacy},
	{c: "vexj_attr_search", view: &Search{}, tag: AttrSearch},
	{c: "vexj_attr_part", view: &Part{}, tag: AttrPart},
	{c: "vexj_attr_similarity", view: &Similarity{}, tag: AttrSimilarity},
	{c: "vexj_attr_cluster", view: &Cluster{}, tag: AttrCluster},
}

func fieldName(c string, renames map[string]string) string {
	if name, ok := renames[c]; ok {
		return name
	}
	var sb strings.Builder
	for _, w := range strings.Split(c, "_") {
		sb.WriteString(goWord(strings.ToUpper(w)))
	}
	return sb.String()
}

// fieldBytes returns what a Go field holds in the form that it has in C.
func fieldBytes(t *testing.T, v reflect.Value) []byte {
	t.Helper()
	switch v.Kind() {
	case reflect.Array:
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v)
		return b
	case reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return binary.LittleEndian.AppendUint64(nil, v.Uint())[:v.Type().Size()]
	case reflect.Float32:
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(v.Interface().(float32)))
	case reflect.Int32, reflect.Int64:
		return binary.LittleEndian.AppendUint64(nil, uint64(v.Int()))[:v.Type().Size()]
	}
	t.Fatalf("a field of kind %s", v.Kind())
	return nil
}

// TestStructsMatchHeader fills each struct with bytes that all differ in place,
// and expects to find in each Go field what stands at the offset that the
// compiler gave the C field, and the same bytes when it is written again.
func TestStructsMatchHeader(t *testing.T) {
	header := readHeader(t)
	layout := compileLayout(t, header)
	viewed := map[string]bool{}
	for _, v := range views {
		viewed[v.c] = true
		t.Run(v.c, func(t *testing.T) {
			i := slices.IndexFunc(header.structs, func(s cStruct) bool { return s.name == v.c })
			if i < 0 {
				t.Fatalf("vexj.h has no struct %s", v.c)
			}
			fields := header.structs[i].fields
			size := layout.sizes[v.c]
			if v.tag != 0 && tags[v.tag].size != size {
				t.Fatalf("sizeof is %d, the registry has %d for %s", size, tags[v.tag].size, v.tag)
			}
			src := make([]byte, size)
			rng := rand.New(rand.NewPCG(1, uint64(size)))
			for i := range src {
				src[i] = byte(1 + rng.IntN(255))
			}
			v.view.get(src)
			goStruct := reflect.ValueOf(v.view).Elem()
			if h, ok := v.view.(*headerCodec); ok {
				goStruct = reflect.ValueOf(&h.Header).Elem()
			}
			if goStruct.NumField() != len(fields) {
				t.Errorf("C has %d fields, Go %d", len(fields), goStruct.NumField())
			}
			end := 0
			for _, f := range fields {
				at := layout.fields[v.c+"."+f]
				if at.offset != end {
					t.Errorf("%s is at %d, a hole after %d: the record is packed", f, at.offset, end)
				}
				end = at.offset + at.size
				field := goStruct.FieldByName(fieldName(f, v.fields))
				if !field.IsValid() {
					t.Errorf("Go has no field %s for %s", fieldName(f, v.fields), f)
					continue
				}
				if got, want := fieldBytes(t, field), src[at.offset:end]; !bytes.Equal(got, want) {
					t.Errorf("%s: read %x, C has %x at %d", f, got, want, at.offset)
				}
			}
			if end != size {
				t.Errorf("the fields end at %d, the struct at %d", end, size)
			}
			dst := make([]byte, size)
			v.view.put(dst)
			if !bytes.Equal(dst, src) {
				t.Errorf("written back as\n%x, read from\n%x", dst, src)
			}
		})
	}
	for _, s := range header.structs {
		if !viewed[s.name] {
			t.Errorf("vexj.h has struct %s; Go has no view of it", s.name)
		}
	}
}

// TestScalarTagsMatchHeader reads "u32", "u64" and "struct" from the comments
// of enum vexj_tag, which are where the sizes of attributes are promised.
func TestScalarTagsMatchHeader(t *testing.T) {
	layout := compileLayout(t, readHeader(t))
	for c, comment := range tagComments(t) {
		tag := Tag(layout.constants[c])
		want := anySize
		switch kind, _, _ := strings.Cut(comment, ":"); {
		case kind == "u32":
			want = 4
		case kind == "u64":
			want = 8
		case strings.HasPrefix(kind, "struct "):
			want = layout.sizes[strings.TrimPrefix(kind, "struct ")]
		case kind != "bytes":
			t.Errorf("%s: the comment %q gives no size", c, comment)
		}
		if !tag.Known() || tags[tag].size != want {
			t.Errorf("%s: the header promises %d bytes, the registry of %s has %d", c, want, tag, tags[tag].size)
		}
	}
}
