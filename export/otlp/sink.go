// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	colpb "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"

	"vexj/export/deliver"
	"vexj/internal/render"
	"vexj/uapi"
	"vexj/userjournal"
)

// maxRecords is how many records a request has: with some 600 bytes each it is far
// below what receivers take.
const maxRecords = 1000

// maxBytes bounds the records that a request is made of, before that.
const maxBytes = 1 << 20

// A Sink sends records to an endpoint.
type Sink struct {
	// Rejected is how many records the receiver took a request without, and Said
	// what it said of that. By the rules of OTLP these are not sent again.
	Rejected uint64
	Said     string

	to      *deliver.Endpoint
	request colpb.ExportLogsServiceRequest
	scope   *logspb.ScopeLogs
	builder builder
	bytes   int
	body    []byte
}

// New sends the records of a journal to a URL; one without a path gets that of logs,
// /v1/logs. version is that of vexj.
func New(journal [16]byte, url, version string, o deliver.Options) (*Sink, error) {
	if scheme, rest, ok := strings.Cut(url, "://"); ok && !strings.Contains(strings.TrimRight(rest, "/"), "/") {
		url = scheme + "://" + strings.TrimRight(rest, "/") + "/v1/logs"
	}
	to, err := deliver.New(url, "application/x-protobuf", o)
	if err != nil {
		return nil, err
	}
	s := &Sink{to: to}
	s.builder.journal = hex.EncodeToString(journal[:])
	s.builder.line = render.NewLine(false, false, time.UTC)
	s.scope = &logspb.ScopeLogs{Scope: &commonpb.InstrumentationScope{Name: "vexj", Version: version}}
	s.request.ResourceLogs = []*logspb.ResourceLogs{{
		Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{
			label("service.name", "vexj"), label("service.version", version), label("vexj.journal", s.builder.journal),
		}},
		ScopeLogs: []*logspb.ScopeLogs{s.scope},
	}}
	return s, nil
}

func label(key, v string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: v}}}
}

// Add puts a record into the request.
func (s *Sink) Add(e render.Entry) error {
	s.scope.LogRecords = append(s.scope.LogRecords, s.builder.record(len(s.scope.LogRecords), e))
	s.bytes += len(e.Rec)
	return nil
}

// Full reports whether the request is large enough.
func (s *Sink) Full() bool { return len(s.scope.LogRecords) >= maxRecords || s.bytes >= maxBytes }

// Commit sends the request.
func (s *Sink) Commit(ctx context.Context, _, _ userjournal.Position) (err error) {
	if len(s.scope.LogRecords) == 0 {
		return nil
	}
	if s.body, err = (proto.MarshalOptions{}).MarshalAppend(s.body[:0], &s.request); err != nil {
		return err
	}
	answer, err := s.to.Post(ctx, s.body)
	if err != nil {
		return err
	}
	s.scope.LogRecords, s.bytes = s.scope.LogRecords[:0], 0
	s.builder.attributes.reset()
	return s.partial(answer)
}

// partial takes note of what the receiver did not take. An answer that cannot be read
// is one of success all the same.
func (s *Sink) partial(answer []byte) error {
	var r colpb.ExportLogsServiceResponse
	if proto.Unmarshal(answer, &r) != nil {
		return nil
	}
	if p := r.GetPartialSuccess(); p.GetRejectedLogRecords() > 0 {
		s.Rejected += uint64(p.RejectedLogRecords)
		s.Said = p.ErrorMessage
	}
	return nil
}

// Close drops what was not sent.
func (s *Sink) Close() error { return nil }

// builder makes log records in memory that is used again.
type builder struct {
	journal    string
	line       *render.Line
	attributes attributes
	records    []*logspb.LogRecord
	bodies     []*commonpb.AnyValue_StringValue
	names      map[uapi.Type]string
	buf, rest  []byte
}

func (b *builder) record(i int, e render.Entry) *logspb.LogRecord {
	if i == len(b.records) {
		body := new(commonpb.AnyValue_StringValue)
		b.bodies = append(b.bodies, body)
		b.records = append(b.records, &logspb.LogRecord{Body: &commonpb.AnyValue{Value: body}})
	}
	b.buf = b.line.AppendUntimed(b.buf[:0], e)
	b.bodies[i].StringValue = string(b.buf)
	b.fill(b.records[i], e)
	return b.records[i]
}

func (b *builder) eventName(t uapi.Type) string {
	name, ok := b.names[t]
	if !ok {
		if b.names == nil {
			b.names = map[uapi.Type]string{}
		}
		name = fmt.Sprintf("vexj.%v.%v", t.Category(), t)
		b.names[t] = name
	}
	return name
}
