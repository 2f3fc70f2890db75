// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"flag"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const top = "../../../"

var update = flag.Bool("update", false, "rewrite the regions of man/usjl.5 and man/vexj.4")

//go:generate go test -count=1 -run ^TestManual$ . -update

// TestManual holds the pages of the format and of the device against their sources.
func TestManual(t *testing.T) {
	format, err := Comment(documentation(t, "userjournal"), "Sh", "Writing", "Memory")
	if err != nil {
		t.Fatal(err)
	}
	ring, err := Comment(documentation(t, "ring"), "Ss", "Speed", "Trust", "Waking")
	if err != nil {
		t.Fatal(err)
	}
	if err := Keep(top+"man/usjl.5", *update, map[string]string{"format": format}); err != nil {
		t.Error(err)
	}
	header := read(t, "uapi/vexj.h")
	structs, err := Structs(header)
	if err != nil {
		t.Fatal(err)
	}
	if err := Keep(top+"man/vexj.4", *update, map[string]string{
		"commands": Commands(header),
		"ring":     ring,
		"limits":   Limits(header),
		"structs":  structs,
	}); err != nil {
		t.Error(err)
	}
}

func documentation(t *testing.T, folder string) string {
	t.Helper()
	source, err := parser.ParseFile(token.NewFileSet(), top+folder+"/doc.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	return source.Doc.Text()
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(top + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestDevicePage: the page of the module tells of each command, parameter and file in
// sysfs that the source has, and of no other.
func TestDevicePage(t *testing.T) {
	page := read(t, "man/vexj.4")
	for what, c := range map[string]struct{ source, have, told string }{
		"parameter": {read(t, "kmod/params.c"), `MODULE_PARM_DESC\((\w+),`, `(?m)^\.It Va (.*)$`},
		"file":      {read(t, "kmod/sysfs.c"), `DEVICE_ATTR\((\w+),`, `(?m)^\.It Pa /sys/class/misc/vexj/(.*)$`},
		"command":   {read(t, "uapi/vexj.h"), `(?m)^#define VEXJ_IOC_(\w+)\s`, `(?m)^\.It Dv VEXJ_IOC_([A-Z_ ,]*)$`},
	} {
		have, told := words(c.source, c.have), words(page, c.told)
		if !slices.Equal(have, told) || len(have) == 0 {
			t.Errorf("%ss: the source has %q, the page tells of %q", what, have, told)
		}
	}
}

func words(text, pattern string) (all []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		for word := range strings.SplitSeq(m[1], " , ") {
			all = append(all, strings.TrimPrefix(word, "VEXJ_IOC_"))
		}
	}
	slices.Sort(all)
	return all
}

func TestRegions(t *testing.T) {
	page := ".\\\" begin a: made by `make generate`\nold\n.\\\" end a\nrest\n"
	got, err := Regions([]byte(page), map[string]string{"a": "new\n"})
	if want := strings.Replace(page, "old", "new", 1); err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{"", page + page, strings.Replace(page, "end a", "end b", 1)} {
		if got, err := Regions([]byte(bad), map[string]string{"a": "new\n"}); err == nil {
			t.Errorf("%q became %q", bad, got)
		}
	}
}

func TestEscape(t *testing.T) {
	var p page
	p.text(`.so --agent=x -f 'a\b' e.g. a-b` + " `x` ~ ^")
	want := "\\&.so \\-\\-agent=x \\-f 'a\\eb' e.g.\na-b \\(gax\\(ga \\(ti \\(ha\n"
	if p.String() != want {
		t.Errorf("got %q, want %q", p.String(), want)
	}
}
