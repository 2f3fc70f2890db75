// SPDX-License-Identifier: Apache-2.0

package query

import (
	"errors"
	"slices"
	"testing"

	"vexj/uapi"
)

func TestParseTypes(t *testing.T) {
	for _, tc := range []struct {
		words []string
		want  []uapi.Type
	}{
		{nil, nil},
		{[]string{"write"}, []uapi.Type{uapi.FSWrite}},
		{[]string{"write", "create", "write"}, []uapi.Type{uapi.FSCreate, uapi.FSWrite}},
		{[]string{"process"}, []uapi.Type{uapi.ProcFork, uapi.ProcExec, uapi.ProcExit}},
		{[]string{"process", "-fork"}, []uapi.Type{uapi.ProcExec, uapi.ProcExit}},
		{[]string{"open"}, []uapi.Type{uapi.FSOpen}},
		{[]string{"io", "-write", "-fallocate"}, []uapi.Type{uapi.FSRead, uapi.FSTruncate, uapi.FSMmapWrite, uapi.FSFsync}},
		{[]string{"0x0901"}, []uapi.Type{0x0901}},
	} {
		got, err := ParseTypes(tc.words)
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%q: got %v, %v, want %v", tc.words, got, err, tc.want)
		}
	}
	got, err := ParseTypes([]string{"-lookup"})
	if err != nil || len(got) != len(uapi.Types())-len(groups["lookup"]) || slices.Contains(got, uapi.FSStat) {
		t.Errorf("-lookup: got %v, %v", got, err)
	}
}

func TestParseTypesRefuses(t *testing.T) {
	for _, tc := range []struct {
		words []string
		want  error
	}{
		{[]string{"wriet"}, ErrType},
		{[]string{""}, ErrType},
		{[]string{"-"}, ErrType},
		{[]string{"--write"}, ErrType},
		{[]string{"write", "-write"}, ErrCondition},
	} {
		if got, err := ParseTypes(tc.words); !errors.Is(err, tc.want) {
			t.Errorf("%q: got %v, %v, want %v", tc.words, got, err, tc.want)
		}
	}
}

func TestTypeWordsMeanOneThing(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range TypeWords() {
		if _, ok := meaning(w); !ok || seen[w] {
			t.Errorf("%q: known %v, seen before %v", w, ok, seen[w])
		}
		seen[w] = true
	}
}

func TestTypeSet(t *testing.T) {
	s := newTypeSet([]uapi.Type{0, uapi.FSWrite, 0x0fff, 0x1000, 0xffffffff})
	for _, in := range []uapi.Type{0, uapi.FSWrite, 0x0fff, 0x1000, 0xffffffff} {
		if !s.has(in) {
			t.Errorf("%#x is not in", uint32(in))
		}
	}
	for _, out := range []uapi.Type{1, uapi.FSRead, uapi.FSWrite + 64, 0x0ffe, 0x1001, 0xfffffffe} {
		if s.has(out) {
			t.Errorf("%#x is in", uint32(out))
		}
	}
}
