// SPDX-License-Identifier: Apache-2.0

package check

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"vexj/export/deliver"
	"vexj/export/otlp"
)

// collector starts the receiver of an OpenTelemetry collector.
func collector(t *testing.T, fn func(plog.LogRecord)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	text := map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": address}}}
	if err := confmap.NewFromStringMap(text).Unmarshal(config); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	next, err := consumer.NewLogs(func(_ context.Context, logs plog.Logs) error {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range logs.ResourceLogs().All() {
			for _, s := range r.ScopeLogs().All() {
				for _, one := range s.LogRecords().All() {
					fn(one)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := factory.CreateLogs(t.Context(), receivertest.NewNopSettings(factory.Type()), config, next)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return "http://" + address
}

// conventions are the names in which vexj and OpenTelemetry are to agree.
var conventions = map[string]bool{}

func init() {
	for _, key := range []attribute.Key{
		semconv.LogRecordUIDKey, semconv.ErrorTypeKey,
		semconv.ProcessPIDKey, semconv.ProcessParentPIDKey, semconv.ProcessUserIDKey, semconv.ProcessCommandArgsKey,
		semconv.ProcessExecutablePathKey, semconv.ProcessExitCodeKey, semconv.ThreadIDKey, semconv.ThreadNameKey,
		semconv.FilePathKey, semconv.FileInodeKey, semconv.FileModeKey, semconv.FileSizeKey,
		semconv.FileSymbolicLinkTargetPathKey, semconv.FileOwnerIDKey, semconv.FileGroupIDKey,
		semconv.GenAIAgentIDKey, semconv.SessionIDKey,
	} {
		conventions[string(key)] = true
	}
}

func TestCollectorTakesRecords(t *testing.T) {
	set := write(t)
	uids := map[string]bool{}
	var losses, failures int
	url := collector(t, func(r plog.LogRecord) {
		uid, _ := r.Attributes().Get("log.record.uid")
		uids[uid.Str()] = true
		for key := range r.Attributes().All() {
			if !conventions[key] && !strings.HasPrefix(key, "vexj.") {
				t.Errorf("%s is none of the conventions' names", key)
			}
		}
		if r.SeverityText() == "WARN" {
			losses++
		}
		if v, ok := r.Attributes().Get("error.type"); ok && v.Str() == "EACCES" {
			failures++
		}
		if at := int64(r.Timestamp()); at < wall || r.Body().Str() == "" {
			t.Errorf("time %d, body %q", at, r.Body().Str())
		}
	})
	sink, err := otlp.New(identity(t, set), url, "v0", deliver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	give(t, set, sink)
	if len(uids) != many || losses != 1 || failures != 1 || sink.Rejected != 0 {
		t.Errorf("%d records, %d losses, %d failures, %d rejected", len(uids), losses, failures, sink.Rejected)
	}
	for _, n := range []int{1, many} {
		if !uids[fmt.Sprintf("%x/%d", identity(t, set), n)] {
			t.Errorf("record %d is missing", n)
		}
	}
}
