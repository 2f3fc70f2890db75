// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"errors"
	"strings"
	"testing"
)

func TestBuilderRefuses(t *testing.T) {
	big := make([]byte, MaxRecord)
	for _, tc := range []struct {
		name string
		make func(b *Builder)
		want string
	}{
		{"attribute twice", func(b *Builder) { b.AddU64(AttrSession, 1); b.AddU64(AttrSession, 2) }, "session appears twice"},
		{"struct twice", func(b *Builder) { b.AddIO(IO{}); b.AddIO(IO{}) }, "io appears twice"},
		{"wrong scalar", func(b *Builder) { b.AddU32(AttrSession, 1) }, "session is not a u32"},
		{"scalar for bytes", func(b *Builder) { b.AddU64(AttrPath, 1) }, "path is not a u64"},
		{"wrong size", func(b *Builder) { b.AddBytes(AttrTask, []byte("short")) }, "task has 5 bytes, not 56"},
		{"path with NUL", func(b *Builder) { b.AddString(AttrPath, "/a\x00") }, "path ends in a NUL"},
		{"long path", func(b *Builder) { b.AddBytes(AttrPath2, big[:MaxPath+1]) }, "path2 has 4097 bytes"},
		{"huge attribute", func(b *Builder) { b.AddBytes(AttrArgv, big) }, "exceed the 65536 of a record"},
		{"huge record", func(b *Builder) { b.Payload(big) }, "more than the 65536"},
		{"attribute after payload", func(b *Builder) { b.Payload(nil); b.AddU64(AttrSession, 1) }, "attributes came after the payload"},
		{"payload after metadata", func(b *Builder) { b.Metadata([]byte("m")); b.Payload([]byte("p")) }, "the payload came after the metadata"},
		{"metadata after link", func(b *Builder) { b.AddLink(Link{}); b.Metadata([]byte("m")) }, "the metadata came after links"},
		{"payload twice", func(b *Builder) { b.Payload([]byte("p")); b.Payload([]byte("q")) }, "the payload came twice"},
		{"context after attribute", func(b *Builder) { b.AddU64(AttrSession, 1); b.Context(nil) }, "Context came after attributes"},
		{"attribute after context", func(b *Builder) { b.Context(nil); b.AddU64(AttrSession, 1) }, "attributes came after"},
		{"bad context", func(b *Builder) { b.Context([]byte{1, 0, 1, 0, 0, 0, 0, 0}) }, "task at offset 0: has 1 bytes, not 56"},
		{"unknown version", func(b *Builder) { b.Begin(Header{Version: 7}) }, "event_version"},
		{"checksum", func(b *Builder) { b.Begin(Header{Checksum: 7}) }, "checksum"},
		{"version 1 attribute", func(b *Builder) { b.Begin(Header{Version: Version1}); b.AddIO(IO{}) }, "version 1 has no attributes"},
		{"version 1 without context", func(b *Builder) { b.Begin(Header{Version: Version1}) }, "always 5280"},
		{"first mistake counts", func(b *Builder) { b.AddU32(AttrSession, 1); b.AddIO(IO{}); b.AddIO(IO{}) }, "session is not"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := NewBuilder(nil)
			b.Begin(sampleHeader(FSWrite))
			tc.make(b)
			rec, err := b.Finish()
			if err == nil || rec != nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
			if _, err := b.Finish(); err == nil {
				t.Error("a second Finish gave a record")
			}
			b.Begin(sampleHeader(FSWrite))
			addWrite(b)
			finish(t, b)
		})
	}
}

func TestBuilderNeedsBegin(t *testing.T) {
	b := NewBuilder(nil)
	b.AddIO(IO{})
	b.AddLink(Link{})
	b.Payload(nil)
	if _, err := b.Finish(); err == nil || !strings.Contains(err.Error(), "Begin was not called") {
		t.Errorf("got %v", err)
	}
	b.Begin(sampleHeader(FSWrite))
	finish(t, b)
	b.AddIO(IO{})
	if _, err := b.Finish(); err == nil || !strings.Contains(err.Error(), "Begin was not called") {
		t.Errorf("after Finish: got %v", err)
	}
}

func TestCheckTakesWhatFollows(t *testing.T) {
	b := NewBuilder(nil)
	b.Begin(sampleHeader(FSWrite))
	addWrite(b)
	rec := finish(t, b)
	n := len(rec)
	got, err := Check(append(rec, "and more"...))
	if err != nil || len(got) != n || cap(got) != n {
		t.Errorf("got %d bytes of capacity %d, %v; want %d", len(got), cap(got), err, n)
	}
}

func TestCheckAttrsOffset(t *testing.T) {
	err := CheckAttrs([]byte{40, 0, 0, 0, 70, 0, 1, 0, 0, 0, 0, 0})
	var fe *FormatError
	if !errors.As(err, &fe) || fe.Offset != 4 {
		t.Errorf("got %v, want an error at offset 4 of the context", err)
	}
	if err := CheckAttrs([]byte{40, 0}); !errors.As(err, &fe) || fe.Field != "vexj_attr" {
		t.Errorf("got %v, want an error about the attribute's head", err)
	}
	if err := CheckAttrs(nil); err != nil {
		t.Errorf("an empty context: %v", err)
	}
}
