// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"testing"

	"vexj/uapi"
)

// built makes a record of attributes that are cheap to vary.
func built(h uapi.Header, attrs ...[]byte) []byte {
	b := uapi.NewBuilder(nil)
	b.Begin(h)
	for i, a := range attrs {
		if a != nil {
			b.AddBytes(uapi.Tag(0x1000+i), a)
		}
	}
	rec, err := b.Finish()
	if err != nil {
		panic(err)
	}
	return rec
}

func TestDelta(t *testing.T) {
	long := bytes.Repeat([]byte("/a/directory"), 90)
	h := func(n uint64) uapi.Header {
		return uapi.Header{EventID: n, GlobalSequence: n, Sequence: n, Ktime: 1000 * n, RootCause: n, PID: 7}
	}
	changed := func(n uint64, change func(*uapi.Header)) uapi.Header {
		x := h(n)
		change(&x)
		return x
	}
	tests := []struct {
		name  string
		recs  [][]byte
		bytes int // of the differences of all but the first, at most
	}{
		{"one", [][]byte{built(h(1), long)}, 0},
		{"as predicted", [][]byte{built(h(1), long), built(h(2), long), built(h(3), long)}, 8},
		{"no context", [][]byte{built(h(1)), built(h(2))}, 4},
		{"one word", [][]byte{built(h(1), long, []byte("abcd")), built(h(2), long, []byte("abce"))}, 48},
		{"attribute more in front", [][]byte{built(h(1), nil, long), built(h(2), []byte("abcd"), long)}, 64},
		{"attribute less in front", [][]byte{built(h(1), []byte("abcd"), long), built(h(2), nil, long)}, 56},
		{"longer in the middle", [][]byte{built(h(1), long, []byte("abcd"), long), built(h(2), long, []byte("abcdefgh"), long)}, 100},
		{"shorter at the end", [][]byte{built(h(1), long), built(h(2), long[:100])}, 28},
		{"counters go back", [][]byte{built(h(9), long), built(h(3), long), built(h(1), long)}, 24},
		{"counters wrap", [][]byte{built(h(1<<64-1), long), built(h(0), long), built(h(1), long)}, 8},
		{"another process", [][]byte{built(h(1), long), built(changed(2, func(h *uapi.Header) { h.PID = 8 }), long)}, 16},
		{"caused by another", [][]byte{built(h(1), long), built(changed(2, func(h *uapi.Header) { h.Parent, h.RootCause = 1, 1 }), long),
			built(changed(3, func(h *uapi.Header) { h.Parent, h.RootCause = 1, 1 }), long)}, 24},
		{"last word of the header", [][]byte{built(h(1)), built(changed(2, func(h *uapi.Header) { h.ReplayPriority = 5 }))}, 16},
		{"CPU beyond the table", [][]byte{built(changed(1, func(h *uapi.Header) { h.CPU = 3 })), built(changed(2, func(h *uapi.Header) { h.CPU = 3 + deltaCPUs }))}, 16},
		{"no context after one", [][]byte{built(h(1), long), built(h(2)), built(h(3), long)}, 1200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var e deltaEncoder
			var d deltaDecoder
			first := len(e.encode(test.recs[0]))
			raw := bytes.Join(test.recs, nil)
			diff := e.encode(raw)
			if n := len(diff) - first; n > test.bytes {
				t.Errorf("%d bytes of differences, want %d at most", n, test.bytes)
			}
			got := make([]byte, len(raw))
			if err := d.decode(got, diff, len(test.recs)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, raw) {
				t.Fatalf("got  %x\nwant %x", got, raw)
			}
			for n := range diff {
				if d.decode(got, diff[:n], len(test.recs)) == nil {
					t.Fatalf("%d of %d bytes were decoded", n, len(diff))
				}
			}
		})
	}
}
