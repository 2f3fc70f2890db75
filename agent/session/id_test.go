// SPDX-License-Identifier: Apache-2.0

package session

import (
	"errors"
	"strings"
	"testing"
)

// The numbers are in journals: they never change.
func TestID(t *testing.T) {
	for text, want := range map[string]uint64{
		"":                                     0,
		"1":                                    1,
		"42":                                   42,
		"18446744073709551615":                 ^uint64(0),
		"042":                                  0xdb838c6f06b615a0,
		"+42":                                  0xbe6e51eec15023e5,
		"18446744073709551616":                 0xe7cb1701963f2594,
		"night-shift":                          0xc8347eada639697e,
		"3f0d6c1e-7a52-4a7e-9d55-0f7f1c6b2a10": 0xba0f88aa19810fe2,
	} {
		if got := ID(text); got != want {
			t.Errorf("%q: %#x, want %#x", text, got, want)
		}
		if strings.ContainsAny(text, "-+") && ID(text)>>63 != 1 {
			t.Errorf("%q could be a counted number", text)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		id   Identity
		want error
	}{
		{Identity{}, nil},
		{Identity{"builder-7", "night shift ☾"}, nil},
		{Identity{Agent: strings.Repeat("a", 64), Session: strings.Repeat("s", 255)}, nil},
		{Identity{Agent: strings.Repeat("a", 65)}, ErrAgent},
		{Identity{Agent: "a\x00"}, ErrAgent},
		{Identity{Agent: "a\nb"}, ErrAgent},
		{Identity{Agent: "\xff"}, ErrAgent},
		{Identity{Session: strings.Repeat("s", 256)}, ErrSession},
		{Identity{Session: "\x1b[31m"}, ErrSession},
		{Identity{Session: "0"}, ErrSession},
	} {
		if err := test.id.Check(); !errors.Is(err, test.want) {
			t.Errorf("%q: %v, want %v", test.id, err, test.want)
		}
	}
}
