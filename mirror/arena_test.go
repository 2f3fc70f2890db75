// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestArenaKeepsWhatIsNotFreed(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	a := newArena(1 << 12)
	type kept struct {
		key  uint64
		is   []byte
		want []byte
	}
	var live []kept
	full := 0
	for key := uint64(1); key < 20000; key++ {
		b := bytes.Repeat([]byte{byte(key)}, 1+rnd.IntN(300))
		if c := a.copy(b); c == nil {
			full++
		} else {
			live = append(live, kept{key, c, b})
		}
		if rnd.IntN(5) == 0 {
			a.seal(key)
		}
		if rnd.IntN(10) == 0 && len(live) > 0 {
			next := live[rnd.IntN(len(live))].key
			a.free(next)
			for len(live) > 0 && live[0].key < next {
				live = live[1:]
			}
		}
		for _, k := range live {
			if !bytes.Equal(k.is, k.want) {
				t.Fatalf("at %d: what was kept for %d was written over", key, k.key)
			}
		}
	}
	if full == 0 {
		t.Error("the arena was never full")
	}
	a.seal(1 << 20)
	a.free(1 << 21)
	if a.head != a.tail || a.copy(make([]byte, 1<<12)) == nil {
		t.Error("an empty arena has no room")
	}
}

func TestArenaMergesChunks(t *testing.T) {
	a := newArena(1 << 12)
	for key := range uint64(3 * maxChunks) {
		a.copy([]byte{1})
		a.seal(key)
	}
	if len(a.chunks) != maxChunks {
		t.Errorf("%d chunks", len(a.chunks))
	}
	a.free(maxChunks - 1)
	if len(a.chunks) != 1 || a.head-a.tail != 2*maxChunks+1 {
		t.Errorf("%d chunks of %d bytes are left", len(a.chunks), a.head-a.tail)
	}
	a.free(3 * maxChunks)
	if len(a.chunks) != 0 {
		t.Error("the last chunk was not freed")
	}
}
