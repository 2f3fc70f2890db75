// SPDX-License-Identifier: Apache-2.0

package parquet

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/parquet-go/parquet-go"

	"vexj/internal/render"
	"vexj/uapi"
)

// TestRepeatedAttributes: a record may have an attribute as often as there is room.
func TestRepeatedAttributes(t *testing.T) {
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{EventID: 1, Type: uapi.FSWrite})
	b.AddString(uapi.AttrAgentID, "a")
	b.AddBytes(uapi.AttrPath, nil)
	for n := range 1000 { // of which no reader of a journal is kept
		b.AddU64(uapi.Tag(1000+n), 7)
	}
	rec, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at+12 <= len(rec); at += 4 {
		if tag := binary.LittleEndian.Uint16(rec[at:]); tag >= 1000 && tag < 2000 && rec[at+2] == 8 {
			binary.LittleEndian.PutUint16(rec[at:], uint16(uapi.AttrSession))
		}
	}
	var file bytes.Buffer
	c := NewEncoder(&file)
	for n := range 3 * batch {
		if err := c.Add(render.Entry{Ordinal: uint64(n), Rec: rec}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Finish(); err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.Read[Row](bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil || len(rows) != 3*batch {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for n, row := range rows {
		if row.Ordinal != uint64(n) || *row.Session != 7 || *row.AgentID != "a" || *row.Path != "" || row.Path2 != nil {
			t.Fatalf("row %d: %+v", n, row)
		}
	}
}
