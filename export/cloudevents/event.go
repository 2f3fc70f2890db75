// SPDX-License-Identifier: Apache-2.0

package cloudevents

import (
	"encoding/hex"
	"strconv"
	"time"

	"vexj/internal/quote"
	"vexj/internal/render"
)

// An Encoder makes events of the records of one journal.
type Encoder struct {
	source  string
	stamp   *render.Stamp
	object  *render.Object
	subject []byte
}

// NewEncoder makes events with the journal as their source.
func NewEncoder(journal [16]byte) *Encoder {
	return &Encoder{
		source: `","source":"urn:vexj:journal:` + hex.EncodeToString(journal[:]) + `","type":"vexj.`,
		stamp:  render.NewStamp("2006-01-02T15:04:05", time.UTC, 9),
		object: render.NewObject(),
	}
}

// Append appends one event as a JSON object, without a newline.
func (c *Encoder) Append(dst []byte, e render.Entry) []byte {
	t := e.Rec.Type()
	dst = append(dst, `{"specversion":"1.0","id":"`...)
	dst = strconv.AppendUint(dst, e.Ordinal, 10)
	dst = append(dst, c.source...)
	dst = append(append(append(dst, t.Category().String()...), '.'), t.String()...)
	dst = c.stamp.Append(append(dst, `","time":"`...), e.Wall)
	dst = append(dst, `Z"`...)
	if path := e.Rec.Path(); len(path) > 0 {
		c.subject = quote.AppendText(c.subject[:0], path)
		dst = quote.AppendJSON(append(dst, `,"subject":`...), c.subject)
	}
	dst = append(dst, `,"sequence":"`...)
	for unit := uint64(1e19); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+e.Ordinal/unit%10))
	}
	dst = append(dst, `","datacontenttype":"application/json","data":`...)
	return append(c.object.Append(dst, e), '}')
}
