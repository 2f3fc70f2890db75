// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"testing"

	"vexj/uapi"
)

// The offsets that the journal reads for itself are those of the Go view.
func TestRecordOffsets(t *testing.T) {
	var b [uapi.HeaderSize]byte
	h := uapi.Header{
		EventID: 0x101, Type: 0x102, Ktime: 0x103, Sequence: 0x104, CPU: 0x105, PID: 0x106, GlobalSequence: 0x107,
		Flags: 0x108, Size: 0x109, ContextSize: 0x10a, PayloadSize: 0x10b, MetadataSize: 0x10c, Version: 0x10d,
		LinkCount: 0x10e, Parent: 0x10f, RootCause: 0x110, VisibilityMask: 0x111,
	}
	h.Put(b[:])
	for i, offset := range []int{recID, recType, recKtime, recSequence, recCPU, recPID, recGlobal, recFlags, recSize,
		recContext, recPayload, recMetadata, recVersion, recLinks, recParent, recRoot, recMask} {
		if got := le.Uint32(b[offset:]); got != uint32(0x101+i) {
			t.Errorf("offset %d has field %d, want %d", offset, got-0x100, i+1)
		}
	}
}

// recordSize takes what the Go view takes.
func TestRecordSize(t *testing.T) {
	for _, rec := range append(newWorkload(2).records(50), payloadRecord(4000)) {
		n, ok := recordSize(append(rec, 1, 2, 3, 4))
		if want, err := uapi.Size(rec); !ok || err != nil || n != want {
			t.Fatalf("%d, %v; the Go view says %d, %v", n, ok, want, err)
		}
		for _, cut := range []int{0, 1, recHeader - 1, len(rec) - 1} {
			if _, ok := recordSize(rec[:cut]); ok {
				t.Errorf("%d of %d bytes are a record", cut, len(rec))
			}
		}
	}
}
