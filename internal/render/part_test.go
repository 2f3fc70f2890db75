// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"strings"
	"testing"

	"vexj/internal/layout"
)

func TestPart(t *testing.T) {
	data := make([]byte, 200)
	copy(data, "\xff\xff\xff\xff\x02\x05\x00\x00text\x1b[")
	data[100] = 1
	p := &layout.Part{Offset: 0x1000, Size: 200, Data: data, Fields: layout.Fill(300,
		layout.Field{Name: "signed", Offset: 0, Size: 4, Form: layout.Signed},
		layout.Field{Name: "word", Offset: 4, Size: 1, Form: layout.Word, Words: map[uint64]string{2: "two"}},
		layout.Field{Name: "flags", Offset: 5, Size: 3, Form: layout.Flags, Words: map[uint64]string{1: "one", 4: "four", 8: "eight"}},
		layout.Field{Name: "text", Offset: 8, Size: 12, Form: layout.Text},
		layout.Field{Name: "bytes", Offset: 24, Size: 80, Form: layout.Bytes},
		layout.Field{Name: "time", Offset: 104, Size: 8, Form: layout.Seconds},
		layout.Field{Name: "cut", Offset: 120, Size: 100, Form: layout.Bytes},
	)}
	want := `00001000  ff ff ff ff                                     signed                 -1
00001004  02                                              word                   2 two
00001005  05 00 00                                        flags                  0x5 one four
00001008  74 65 78 74 1b 5b                               text                   "text\x1b["
00001014                                                  (zero)                 4 bytes
00001018  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 bytes                  80 bytes
00001028  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
00001038  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
00001048  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          ... 16 more bytes
00001068  00 00 00 00 00 00 00 00                         time                   0
00001070                                                  (zero)                 8 bytes
`
	if got := string(Part(nil, p, false)); got != want {
		t.Errorf("got\n%s", got)
	}
	whole := string(Part(nil, p, true))
	if strings.Contains(whole, "more bytes") || bytes.Count([]byte(whole), []byte{'\n'}) < 12 {
		t.Errorf("of all bytes, got\n%s", whole)
	}
	data[112] = 7
	if got := string(Part(nil, p, false)); !strings.Contains(got, "(zero)                 NOT ZERO") {
		t.Errorf("got\n%s", got)
	}
}
