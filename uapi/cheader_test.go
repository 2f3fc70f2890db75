// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cHeader is what the text of vexj.h declares, by name. The values come from
// the compiler, so that the parser has only names to get right.
type cHeader struct {
	constants []string
	structs   []cStruct
}

type cStruct struct {
	name   string
	fields []string
}

var (
	cComment  = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cDefine   = regexp.MustCompile(`^#define\s+(\w+)\s+\S`)
	cEnumItem = regexp.MustCompile(`^(VEXJ_\w+)\s*=\s*\w+,$`)
	cField    = regexp.MustCompile(`^(?:__[us](?:8|16|32|64)|char)\s+(\w+)(?:\[\w+\])?;$`)
	cOpen     = regexp.MustCompile(`^(struct|enum) (vexj_\w+) \{$`)
	// What is no number: the attribute macro, and macros with arguments, which
	// cDefine does not match.
	cNoValue = map[string]bool{"VEXJ_PACKED": true}
)

// readHeader fails the test at a line inside a struct or an enum that it does
// not understand, so that nothing new in the header escapes the comparison.
func readHeader(t *testing.T) cHeader {
	t.Helper()
	text, err := os.ReadFile("vexj.h")
	if err != nil {
		t.Fatal(err)
	}
	var h cHeader
	kind := ""
	sc := bufio.NewScanner(bytes.NewReader(cComment.ReplaceAll(text, nil)))
	for sc.Scan() {
		line := strings.TrimSpace(sc.Text())
		open := cOpen.FindStringSubmatch(line)
		switch {
		case line == "":
		case open != nil:
			kind = open[1]
			if kind == "struct" {
				h.structs = append(h.structs, cStruct{name: open[2]})
			}
		case strings.HasPrefix(line, "}"):
			kind = ""
		case kind == "struct":
			m := cField.FindStringSubmatch(line)
			if m == nil {
				t.Fatalf("vexj.h: cannot read this member of a struct: %q", line)
			}
			s := &h.structs[len(h.structs)-1]
			s.fields = append(s.fields, m[1])
		case kind == "enum":
			m := cEnumItem.FindStringSubmatch(line)
			if m == nil {
				t.Fatalf("vexj.h: cannot read this item of an enum: %q", line)
			}
			h.constants = append(h.constants, m[1])
		default:
			if m := cDefine.FindStringSubmatch(line); m != nil && !cNoValue[m[1]] {
				h.constants = append(h.constants, m[1])
			}
		}
	}
	if len(h.constants) == 0 || len(h.structs) == 0 {
		t.Fatal("vexj.h: no constants or no structs found")
	}
	return h.ofRecord()
}

// ofRecord leaves out the module's device, of which this package has no view.
func (h cHeader) ofRecord() cHeader {
	device := regexp.MustCompile(`^(?i:vexj_(dev|ioc)_)`).MatchString
	return cHeader{
		constants: slices.DeleteFunc(h.constants, device),
		structs:   slices.DeleteFunc(h.structs, func(s cStruct) bool { return device(s.name) }),
	}
}

// cLayout is what the compiler makes of the header.
type cLayout struct {
	constants map[string]int64
	sizes     map[string]int
	fields    map[string]cFieldLayout // by "struct.field"
}

type cFieldLayout struct{ offset, size int }

func compileLayout(t *testing.T, h cHeader) cLayout {
	t.Helper()
	var src strings.Builder
	src.WriteString("#include <stddef.h>\n#include <stdio.h>\n#include \"vexj.h\"\nint main(void)\n{\n")
	for _, c := range h.constants {
		fmt.Fprintf(&src, "\tprintf(\"const %[1]s %%lld 0\\n\", (long long)%[1]s);\n", c)
	}
	for _, s := range h.structs {
		fmt.Fprintf(&src, "\tprintf(\"struct %[1]s %%zu 0\\n\", sizeof(struct %[1]s));\n", s.name)
		for _, f := range s.fields {
			fmt.Fprintf(&src, "\tprintf(\"field %[1]s.%[2]s %%zu %%zu\\n\", offsetof(struct %[1]s, %[2]s), sizeof(((struct %[1]s *)0)->%[2]s));\n", s.name, f)
		}
	}
	src.WriteString("\treturn 0;\n}\n")

	dir := t.TempDir()
	file := filepath.Join(dir, "layout.c")
	if err := os.WriteFile(file, []byte(src.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(compileC(t, dir, file)).Output()
	if err != nil {
		t.Fatal(err)
	}
	l := cLayout{constants: map[string]int64{}, sizes: map[string]int{}, fields: map[string]cFieldLayout{}}
	for line := range strings.Lines(string(out)) {
		w := strings.Fields(line)
		a, err1 := strconv.ParseInt(w[2], 10, 64)
		b, err2 := strconv.Atoi(w[3])
		if err1 != nil || err2 != nil {
			t.Fatalf("layout program printed %q", line)
		}
		switch w[0] {
		case "const":
			l.constants[w[1]] = a
		case "struct":
			l.sizes[w[1]] = int(a)
		case "field":
			l.fields[w[1]] = cFieldLayout{int(a), b}
		}
	}
	return l
}

// compileC compiles one C file that includes vexj.h and returns the program.
func compileC(t *testing.T, dir, file string) string {
	t.Helper()
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	program := filepath.Join(dir, "program")
	cmd := exec.Command(cc, "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-I", ".", "-o", program, file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("this test compiles C (set CC, or install a C compiler): %v\n%s", err, out)
	}
	return program
}

var cTagComment = regexp.MustCompile(`(?m)^\t(VEXJ_ATTR_\w+)\s*=\s*\d+,\s*/\*\s*(.*?)\s*\*/$`)

// tagComments returns the comment beside each attribute tag.
func tagComments(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("vexj.h")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, m := range cTagComment.FindAllSubmatch(text, -1) {
		found[string(m[1])] = string(m[2])
	}
	if len(found) != len(Tags()) {
		t.Fatalf("vexj.h says the size of %d tags beside them; Go knows %d", len(found), len(Tags()))
	}
	return found
}
