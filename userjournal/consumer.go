// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Consumer is somebody who is owed every record: what it has not acknowledged
// is not removed without force.
type Consumer struct {
	Name string
	// Acknowledged is the last ordinal that the consumer is done with.
	Acknowledged     uint64
	Created, Updated time.Time
	// Damaged says why the consumer's file cannot be read. What it has
	// acknowledged is not known then, and counts as nothing.
	Damaged error
}

const (
	consumerSuffix = ".consumer"
	consumersLock  = "CONSUMERS.LOCK"
	consumerHead   = "usjl consumer 1\n"
)

var consumerName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`)

// encode makes the file of a consumer: lines of a word and a value, of which the
// last one is the CRC-32C of those before.
func (c *Consumer) encode(journal [16]byte) []byte {
	var b bytes.Buffer
	b.WriteString(consumerHead)
	fmt.Fprintf(&b, "journal %x\nacknowledged %d\ncreated %s\nupdated %s\n", journal, c.Acknowledged,
		c.Created.UTC().Format(time.RFC3339Nano), c.Updated.UTC().Format(time.RFC3339Nano))
	fmt.Fprintf(&b, "crc32c %08x\n", checksum(0, b.Bytes()))
	return b.Bytes()
}

func (c *Consumer) decode(b []byte) (journal [16]byte, err error) {
	text := string(b)
	body, crc, ok := strings.Cut(text, "crc32c ")
	sum, err := strconv.ParseUint(strings.TrimSuffix(crc, "\n"), 16, 32)
	if !ok || err != nil || len(crc) != 9 || uint32(sum) != checksum(0, []byte(body)) {
		return journal, damaged("checksum differs")
	}
	if !strings.HasPrefix(body, consumerHead) {
		return journal, damaged("first line is not %q", strings.TrimSpace(consumerHead))
	}
	for line := range strings.Lines(body[len(consumerHead):]) {
		word, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch word {
		case "journal":
			var n int
			if n, err = hex.Decode(journal[:], []byte(value[:min(len(value), 32)])); n != len(journal) {
				err = damaged("journal %q", value)
			}
		case "acknowledged":
			c.Acknowledged, err = strconv.ParseUint(value, 10, 62)
		case "created":
			c.Created, err = time.Parse(time.RFC3339Nano, value)
		case "updated":
			c.Updated, err = time.Parse(time.RFC3339Nano, value)
		}
		if err != nil {
			return journal, damaged("%s: %w", word, err)
		}
	}
	return journal, nil
}
