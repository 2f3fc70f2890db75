// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"bytes"
	"errors"
	"testing"
)

// touch reads everything that can be read from a record.
func touch(r Record) int {
	n := len(describe(r))
	n += len(r.Comm()) + len(r.Path()) + len(r.Path2()) + len(r.Name()) + len(r.Argv())
	for _, tag := range Tags() {
		v, _ := r.Attr(tag)
		n += len(v)
		u, _ := r.U32(tag)
		w, _ := r.U64(tag)
		n += int(u) + int(w) + len(describeAttr(r, tag, v))
	}
	n += len(r.Producer().String()) + len(r.Type().String()) + len(r.Type().Category().String()) + len(r.Flags().String())
	n += len(r.Subtype().KindName(r.Type())) + len(r.Subtype().Via().String()) + len(r.Priority().String())
	if o, ok := r.IO(); ok {
		n += len(o.Errno().String())
	}
	return n
}

// zeroPadding clears the bytes between the parts, of which nothing is promised.
func zeroPadding(r Record) Record {
	z := Record(bytes.Clone(r))
	clear(z[HeaderSize+z.ContextSize() : z.payloadOffset()])
	clear(z[z.payloadOffset()+z.PayloadSize() : z.metadataOffset()])
	clear(z[z.metadataOffset()+z.MetadataSize() : z.linkOffset()])
	return z
}

func FuzzCheck(f *testing.F) {
	for _, dir := range []string{"testdata/golden", "testdata/bad"} {
		for _, b := range readDir(f, dir, ".bin") {
			// A large one only slows the search down.
			if len(b) < 16384 {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, sizeErr := Size(b)
		if sizeErr == nil {
			if n > len(b) || n < HeaderSize || n%Align != 0 {
				t.Fatalf("Size gives %d of %d bytes", n, len(b))
			}
			touch(Record(b[:n:n]))
		}
		rec, err := Check(b)
		if err != nil {
			var fe *FormatError
			if !errors.As(err, &fe) || fe.Offset < 0 || fe.Offset > len(b) || fe.Field == "" || fe.Reason == "" {
				t.Fatalf("not a useful FormatError: %#v", err)
			}
			return
		}
		if sizeErr != nil || len(rec) != n {
			t.Fatalf("Check takes %d bytes, Size says %d, %v", len(rec), n, sizeErr)
		}
		again, err := rebuild(NewBuilder(nil), rec)
		if err != nil {
			t.Fatal(err)
		}
		if want := zeroPadding(rec); !bytes.Equal(again, want) {
			t.Fatalf("rebuilt as\n%x\nfrom\n%x", []byte(again), []byte(want))
		}
	})
}

// FuzzBuilder lets the builder make whatever it will: what it makes is sound.
func FuzzBuilder(f *testing.F) {
	f.Add([]byte{4, 5, 'a', 'b', 'c', 'd', 'e', 65, 8, 1, 2, 3, 4, 5, 6, 7, 8, 250, 2, 1, 2, 251, 1, 1, 252, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		b := NewBuilder(nil)
		b.Begin(sampleHeader(FSOpen))
		for len(ops) >= 2 {
			op, n := ops[0], min(int(ops[1]), len(ops)-2)
			v := ops[2 : 2+n]
			switch op {
			case 250:
				b.Payload(v)
			case 251:
				b.Metadata(v)
			case 252:
				b.AddLink(Link{Cause: uint64(n)})
			case 253:
				b.Context(v)
			case 254:
				b.AddU32(Tag(n), 1)
			case 255:
				b.AddString(Tag(op)<<8, string(v))
			default:
				b.AddBytes(Tag(op), v)
			}
			ops = ops[2+n:]
		}
		rec, err := b.Finish()
		if err != nil {
			return
		}
		got, err := Check(rec)
		if err != nil || len(got) != len(rec) {
			t.Fatalf("built what Check refuses: %v\n%x", err, []byte(rec))
		}
	})
}
