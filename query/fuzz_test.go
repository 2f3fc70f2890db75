// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"encoding/binary"
	"testing"

	"vexj/uapi"
)

// FuzzGlob: a pattern is refused or compiled, and then asked about any path; a
// path without wildcards, as a pattern, matches itself.
func FuzzGlob(f *testing.F) {
	for _, p := range []string{"/a/**/b*[a-z!^]/{c,d}?", `**/\[*`, "[]-a]", "[^-]", "[a-]", "{{a,b},{c}}[{,]", "**", "/", "a**b***c", "[/]"} {
		f.Add(p, []byte("/a/b/c/\xff[d"))
	}
	f.Fuzz(func(t *testing.T, pattern string, path []byte) {
		globs, err := compileGlobs(pattern)
		if err != nil {
			return
		}
		matched := false
		for i := range globs {
			g := &globs[i]
			m := g.match(path)
			matched = matched || m
			if m && len(g.dir) > 0 && !bytes.Equal(path, g.dir) && !bytes.HasPrefix(path, append(bytes.Clone(g.dir), '/')) && !bytes.Contains(g.dir, []byte("//")) {
				t.Errorf("%q matches %q, which is not below %q", pattern, path, g.dir)
			}
		}
		if literal(pattern) && pattern == string(path) && !matched {
			t.Errorf("%q does not match itself", pattern)
		}
	})
}

// FuzzAccount: no run of records, however hostile, upsets the account, and what
// it calls balanced adds up.
func FuzzAccount(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 1, 2, 0, 0, 3, 3, 3, 1, 2, 4, 0, 0})
	f.Add([]byte{0, 0, 0, 0, 4, 1, 5, 0, 5, 2, 2, 1, 2, 0, 0, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		a := &Account{}
		b := uapi.NewBuilder(nil)
		base := uapi.IDBase(uapi.ProducerTest, wallOffset)
		for i := uint64(1); len(ops) >= 4 && i < 1000; i++ {
			op, n, x, y := ops[0], number(ops[1]), number(ops[2]), number(ops[3])
			ops = ops[4:]
			h := uapi.Header{EventID: base + n, GlobalSequence: n, Type: uapi.FSRead}
			p := uapi.ProducerAttr{Producer: uapi.ProducerTest, IDBase: base, Attempted: x, Lost: y}
			if op >= 128 {
				h.Sequence, h.CPU, h.GlobalSequence = n, uint32(x), 0
			}
			switch op & 7 {
			case 0:
				base += x
				h.Type, h.EventID, p.IDBase = uapi.SysProducerStart, base+n, base
			case 2:
				h.Type = uapi.SysProducerStop
			case 3, 5:
				h.Type = uapi.SysLost
			}
			b.Begin(h)
			switch h.Type {
			case uapi.SysProducerStart, uapi.SysProducerStop:
				b.AddProducer(p)
			case uapi.SysLost:
				b.AddLost(uapi.Lost{First: x, Last: n, Count: y, Cause: uapi.Cause(op >> 3 & 15), CPU: uint32(x)})
			}
			r, err := b.Finish()
			if err != nil {
				t.Fatal(err)
			}
			a.Add(i, r)
		}
		a.Close()
		for _, e := range a.Epochs {
			if e.Stopped && e.Balanced() && e.Missing != 0 {
				t.Errorf("balanced with %d missing", e.Missing)
			}
		}
	})
}

// number makes a byte a small number or one near an end of what 64 bits hold.
func number(b byte) uint64 {
	if b < 240 {
		return uint64(b)
	}
	return binary.BigEndian.Uint64([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, b})
}
