// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// The small files beside the segments are text: a first line that says what they
// are, lines of a word and a value, and the CRC-32C of all that in the last.

const crcWord = "crc32c "

func sealText(b []byte) []byte {
	return fmt.Appendf(b, "%s%08x\n", crcWord, checksum(0, b))
}

// openText returns the words and values behind the first line.
func openText(b []byte, head string) (iter.Seq2[string, string], error) {
	at := strings.LastIndex(string(b), crcWord)
	if at < 0 {
		return nil, damaged("no checksum")
	}
	body, crc := string(b[:at]), string(b[at+len(crcWord):])
	sum, err := strconv.ParseUint(strings.TrimSuffix(crc, "\n"), 16, 32)
	if err != nil || len(crc) != 9 || uint32(sum) != checksum(0, b[:at]) {
		return nil, damaged("checksum differs")
	}
	body, ok := strings.CutPrefix(body, head)
	if !ok {
		return nil, damaged("first line is not %q", strings.TrimSpace(head))
	}
	return func(yield func(word, value string) bool) {
		for line := range strings.Lines(body) {
			word, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			if !yield(word, value) {
				return
			}
		}
	}, nil
}
