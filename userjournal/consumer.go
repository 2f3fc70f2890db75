// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
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

func (c *Consumer) encode(journal [16]byte) []byte {
	var b bytes.Buffer
	b.WriteString(consumerHead)
	fmt.Fprintf(&b, "journal %x\nacknowledged %d\ncreated %s\nupdated %s\n", journal, c.Acknowledged,
		c.Created.UTC().Format(time.RFC3339Nano), c.Updated.UTC().Format(time.RFC3339Nano))
	return sealText(b.Bytes())
}

func (c *Consumer) decode(b []byte) (journal [16]byte, err error) {
	lines, err := openText(b, consumerHead)
	if err != nil {
		return journal, err
	}
	for word, value := range lines {
		switch word {
		case "journal":
			journal, err = parseJournal(value)
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

func parseJournal(value string) (id [16]byte, err error) {
	b, err := hex.DecodeString(value)
	if err != nil || len(b) != len(id) {
		return id, damaged("journal %q", value)
	}
	return [16]byte(b), nil
}
