// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"testing"

	"vexj/uapi"
)

// FuzzSegment reads, verifies and recovers whatever a file may hold. Checksums
// in it that would stop the fuzzer at the door are set right.
func FuzzSegment(f *testing.F) {
	dir := f.TempDir()
	smallJournal(f, dir)
	for _, b := range readDir(f, dir) {
		f.Add(b)
		f.Add(b[:len(b)/2])
		f.Add(b[:HeaderSize])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		mend(b)
		m := memFS{SegmentName(1): {data: b}}
		look(t, m, b)
		before := bytes.Clone(b)
		plan, planErr := Recover("/", RecoverOptions{FS: m, DryRun: true})
		if !bytes.Equal(m[SegmentName(1)].data, before) {
			t.Fatalf("a dry run changed something: %+v, %v", plan, planErr)
		}
		r := recovery{fs: m, dir: "/"}
		h, err := r.run()
		if err != nil {
			return
		}
		// Recovery has nothing to do after recovery.
		again := recovery{fs: m, dir: "/"}
		h2, err := again.run()
		if err != nil || h2.First != h.First || again.report.CutBytes != 0 || again.report.SetAside != "" {
			t.Fatalf("recovery: next %d, then %d: %+v, %v", h.First, h2.First, again.report, err)
		}
	})
}

// mend sets the checksums of a segment right, wherever its blocks are.
func mend(b []byte) {
	if len(b) >= HeaderSize {
		le.PutUint32(b[hdrCRC:], checksum(0, b[:hdrCRC]))
	}
	for at := HeaderSize; at+blkFixedSize <= len(b); at += blockAlign {
		blk := b[at:]
		header := int(le.Uint16(blk[blkFixed:])) + int(le.Uint16(blk[blkFilter:]))
		end := header + int(align(int64(le.Uint32(blk[blkStored:]))))
		if bytes.Equal(blk[:8], blockMagic[:]) && header >= blkFixedSize && end >= header && end <= len(blk) {
			sealBlock(blk[:end], header)
		}
	}
	if n := len(b) - trailer; n >= HeaderSize {
		offset := le.Uint64(b[n+trlFooter:])
		if offset < uint64(n) {
			le.PutUint32(b[n+trlCRC:], checksum(0, b[offset:n+trlCRC]))
		}
	}
}

func look(t *testing.T, m memFS, b []byte) {
	r, err := OpenFS(m, "/")
	if err != nil {
		return
	}
	defer r.Close()
	if report, err := r.Verify(nil); err != nil {
		t.Fatalf("verify: %+v, %v", report, err)
	}
	for _, reverse := range []bool{false, true} {
		o := ScanOptions{Reverse: reverse, OnDamage: func(*DamageError) error { return nil },
			Filter: func(z *ZoneMap) bool { return z.MayHavePath([]byte("/srv")) || z.MinPID > 0 }}
		err := r.Scan(o, func(_ uint64, rec uapi.Record) error {
			// What a reader may do with a record must not panic.
			rec.Path()
			rec.File()
			rec.Payload()
			rec.Metadata()
			return nil
		})
		if err != nil {
			t.Fatalf("scan of %d bytes: %v", len(b), err)
		}
	}
	_, _, _ = r.Find(testIDBase + 5)
	_, _ = r.Get(5)
}

// FuzzUnpack decodes a block of any codec from any bytes.
func FuzzUnpack(f *testing.F) {
	raw, n := rawBlock(8 << 10)
	for _, codec := range codecs {
		stored, codec := new(packer).pack(nil, raw, codec)
		f.Add(uint8(codec), stored, uint32(len(raw)), uint16(n))
	}
	var e deltaEncoder
	diff := e.encode(raw)
	f.Add(uint8(CodecDelta), append(le.AppendUint32(nil, uint32(len(diff))), diff...), uint32(len(raw)), uint16(n))
	f.Fuzz(func(t *testing.T, codec uint8, stored []byte, size uint32, records uint16) {
		var u unpacker
		dst := make([]byte, size%MaxBlockSize)
		out, err := u.unpack(dst, stored, Codec(codec), int(records))
		if err == nil && len(out) != len(dst) {
			t.Fatalf("%d bytes, want %d", len(out), len(dst))
		}
	})
}

// FuzzDelta encodes any bytes that Append would take, and decodes them again.
func FuzzDelta(f *testing.F) {
	raw, _ := rawBlock(8 << 10)
	f.Add(raw)
	f.Add(bytes.Repeat(payloadRecord(200), 3))
	f.Add(append(payloadRecord(132), payloadRecord(4000)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		raw, records := anyRecords(b)
		if records == 0 {
			return
		}
		var e deltaEncoder
		diff := e.encode(raw)
		if len(diff) > maxDiff(len(raw)) {
			t.Fatalf("%d bytes of differences for %d", len(diff), len(raw))
		}
		var d deltaDecoder
		got := make([]byte, len(raw))
		if err := d.decode(got, diff, records); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, raw) {
			t.Fatalf("got  %x\nwant %x", got, raw)
		}
	})
}

// anyRecords makes whole records of b by setting their sizes.
func anyRecords(b []byte) (raw []byte, records int) {
	b = bytes.Clone(b)
	at := 0
	for len(b)-at >= recHeader {
		h := b[at:]
		size := recHeader + int(le.Uint32(h[recSize:])%600)&^3
		if size > len(h) {
			size = len(h) &^ 3
		}
		le.PutUint32(h[recSize:], uint32(size))
		le.PutUint32(h[recContext:], uint32(size-recHeader))
		clear(h[recPayload : recMetadata+4])
		clear(h[recLinks : recLinks+4])
		at += size
		records++
	}
	return b[:at], records
}
