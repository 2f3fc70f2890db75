// SPDX-License-Identifier: Apache-2.0

package device

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unsafe"
)

var structs = map[string]any{
	"info": devInfo{}, "consume": devConsume{}, "counters": devCounters{}, "filter": devFilter{},
	"follow": devFollow{}, "context": devContext{}, "peek": devPeek{}, "hook": devHook{},
}

var numbers = map[string]uint64{
	"VEXJ_DEV_VERSION": version, "VEXJ_DEV_ALL_CPUS": allCPUs, "VEXJ_DEV_IDS": maxIDs,
	"VEXJ_DEV_PREFIXES": maxPrefixes, "VEXJ_DEV_WANTED": wantedWords, "VEXJ_DEV_COMM": commSize,
	"VEXJ_DEV_AGENT_ID": agentIDSize, "VEXJ_DEV_NAME": nameSize, "VEXJ_DEV_WHY": whySize,
	"VEXJ_DEV_CAUSES": causes, "VEXJ_DEV_RING_MIN": minRing, "VEXJ_DEV_RING_MAX": maxRing,
	"VEXJ_DEV_DEADLINE_MAX":  maxDeadlineMS,
	"VEXJ_DEV_FILTER_FAILED": filterFailed, "VEXJ_DEV_FILTER_MODIFY": filterModify, "VEXJ_DEV_FILTER_TREE": filterTree,
	"VEXJ_DEV_CONTEXT_TREE": contextTree, "VEXJ_DEV_CONTEXT_CGROUP": contextCgroup,
	"VEXJ_IOC_INFO": uint64(iocInfo), "VEXJ_IOC_CONSUME": uint64(iocConsume), "VEXJ_IOC_STOP": iocStop,
	"VEXJ_IOC_RING": iocRing, "VEXJ_IOC_SEQUENCE": iocSequence, "VEXJ_IOC_COUNTERS": uint64(iocCounters),
	"VEXJ_IOC_FILTER_GET": uint64(iocFilterGet), "VEXJ_IOC_FILTER_SET": uint64(iocFilterSet),
	"VEXJ_IOC_FOLLOW": uint64(iocFollow), "VEXJ_IOC_UNFOLLOW": uint64(iocUnfollow),
	"VEXJ_IOC_CONTEXT_SET": uint64(iocContextSet), "VEXJ_IOC_CONTEXT_CLEAR": uint64(iocContextClear),
	"VEXJ_IOC_CONTEXT_GET": uint64(iocContextGet), "VEXJ_IOC_PEEK": uint64(iocPeek), "VEXJ_IOC_HOOK": uint64(iocHook),
	"VEXJ_IOC_CONTEXT_OF": uint64(iocContextOf),
}

// cName is the C name of a Go field: RingBytes is ring_bytes.
func cName(field string) string {
	field = regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(field, "${1}_$2")
	return strings.ToLower(regexp.MustCompile(`([A-Z])([A-Z][a-z])`).ReplaceAllString(field, "${1}_$2"))
}

// TestLayoutMatchesHeader has the compiler compare every number, size and offset
// with those of this package.
func TestLayoutMatchesHeader(t *testing.T) {
	var src strings.Builder
	src.WriteString("#include <stddef.h>\n#include \"vexj.h\"\n")
	equal := func(c string, want uint64) {
		fmt.Fprintf(&src, "_Static_assert((unsigned long long)(%s) == %dull, \"Go has %d\");\n", c, want, want)
	}
	for name, v := range numbers {
		equal(name, v)
	}
	for name, v := range structs {
		typ := reflect.TypeOf(v)
		equal("sizeof(struct vexj_dev_"+name+")", uint64(typ.Size()))
		for i := range typ.NumField() {
			f := typ.Field(i)
			equal(fmt.Sprintf("offsetof(struct vexj_dev_%s, %s)", name, cName(f.Name)), uint64(f.Offset))
			equal(fmt.Sprintf("sizeof(((struct vexj_dev_%s *)0)->%s)", name, cName(f.Name)), uint64(f.Type.Size()))
		}
	}
	header, err := filepath.Abs("../../uapi")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "layout.c")
	if err := os.WriteFile(file, []byte(src.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	if out, err := exec.Command(cc, "-std=gnu11", "-fsyntax-only", "-I", header, file).CombinedOutput(); err != nil {
		t.Fatalf("this test compiles C (set CC, or install a C compiler): %v\n%s", err, out)
	}
}

// TestHeaderIsViewed finds what the header has and this package does not.
func TestHeaderIsViewed(t *testing.T) {
	text, err := os.ReadFile("../../uapi/vexj.h")
	if err != nil {
		t.Fatal(err)
	}
	// What only the kernel bounds.
	skip := map[string]bool{"VEXJ_DEV_CONTEXTS": true}
	for _, m := range regexp.MustCompile(`(?m)^#define (VEXJ_(?:DEV|IOC)_\w+)\s`).FindAllSubmatch(text, -1) {
		if _, ok := numbers[string(m[1])]; !ok && !skip[string(m[1])] {
			t.Errorf("vexj.h has %s; Go has nothing for it", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?s)struct vexj_dev_(\w+) \{(.*?)\n\}`).FindAllSubmatch(text, -1) {
		v, ok := structs[string(m[1])]
		if !ok {
			t.Errorf("vexj.h has struct vexj_dev_%s; Go has none", m[1])
			continue
		}
		fields := regexp.MustCompile(`(?m)^\s+(?:__\w+|char)\s+\w+`).FindAll(m[2], -1)
		if n := reflect.TypeOf(v).NumField(); n != len(fields) {
			t.Errorf("struct vexj_dev_%s has %d fields, Go's %d", m[1], len(fields), n)
		}
	}
	if unsafe.Sizeof(devFollow{}) == 0 {
		t.Error("no struct was compared")
	}
}
