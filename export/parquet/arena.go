// SPDX-License-Identifier: Apache-2.0

package parquet

// arena keeps bytes until it is reset. What it gave out stays where it is when it grows.
type arena struct{ b []byte }

const arenaSize = 256 << 10

func (a *arena) reset() { a.b = a.b[:0] }

func (a *arena) copy(v []byte) []byte {
	return a.append(func(b []byte) []byte { return append(b, v...) })
}

// append gives out what f appends. It is never nil.
func (a *arena) append(f func([]byte) []byte) []byte {
	if cap(a.b)-len(a.b) < arenaSize/16 {
		a.b = make([]byte, 0, max(cap(a.b), arenaSize))
	}
	start := len(a.b)
	a.b = f(a.b)
	return a.b[start:len(a.b):len(a.b)]
}
