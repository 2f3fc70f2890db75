// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"bytes"
	"strconv"

	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"

	"vexj/internal/quote"
)

// attribute is a key and a value with all that the generated types point to, so that one
// is made once and set many times.
type attribute struct {
	kv   commonpb.KeyValue
	any  commonpb.AnyValue
	text commonpb.AnyValue_StringValue
	num  commonpb.AnyValue_IntValue
	list commonpb.AnyValue_ArrayValue
}

// attributes adds to log records from memory that is used again.
type attributes struct {
	made []*attribute
	used int
	to   *logspb.LogRecord
	buf  []byte
}

func (a *attributes) reset() { a.used = 0 }

func (a *attributes) next(key string) *attribute {
	if a.used == len(a.made) {
		fresh := make([]attribute, 256)
		for i := range fresh {
			one := &fresh[i]
			one.kv.Value = &one.any
			a.made = append(a.made, one)
		}
	}
	one := a.made[a.used]
	a.used++
	one.kv.Key = key
	a.to.Attributes = append(a.to.Attributes, &one.kv)
	return one
}

func (a *attributes) string(key, v string) {
	one := a.next(key)
	one.text.StringValue = v
	one.any.Value = &one.text
}

// word is string, if there is something.
func (a *attributes) word(key, v string) {
	if v != "" {
		a.string(key, v)
	}
}

// text is bytes that are meant as text: escaped if they are no UTF-8.
func (a *attributes) text(key string, v []byte) { a.string(key, text(v)) }

func text(v []byte) string {
	if quote.Valid(v) {
		return string(v)
	}
	return string(quote.AppendText(nil, v))
}

func (a *attributes) int(key string, v int64) {
	one := a.next(key)
	one.num.IntValue = v
	one.any.Value = &one.num
}

// uint is an int, or a text if it is larger than one can be.
func (a *attributes) uint(key string, v uint64) {
	if int64(v) < 0 {
		a.decimal(key, v)
		return
	}
	a.int(key, int64(v))
}

// decimal is a number that names something: conventions have these as text.
func (a *attributes) decimal(key string, v uint64) {
	a.buf = strconv.AppendUint(a.buf[:0], v, 10)
	a.string(key, string(a.buf))
}

// id is an event id, if there is one.
func (a *attributes) id(key string, v uint64) {
	if v == 0 {
		return
	}
	const digits = "0123456789abcdef"
	a.buf = append(a.buf[:0], "0x"...)
	for s := 60; s >= 0; s -= 4 {
		a.buf = append(a.buf, digits[v>>s&15])
	}
	a.string(key, string(a.buf))
}

// list is texts with NULs between them.
func (a *attributes) list(key string, v []byte) {
	var values []*commonpb.AnyValue
	for one := range bytes.SplitSeq(bytes.TrimSuffix(v, []byte{0}), []byte{0}) {
		values = append(values, &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: text(one)}})
	}
	one := a.next(key)
	one.list.ArrayValue = &commonpb.ArrayValue{Values: values}
	one.any.Value = &one.list
}
