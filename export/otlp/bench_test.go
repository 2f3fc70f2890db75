// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"vexj/export/deliver"
	"vexj/internal/render"
)

func BenchmarkSink(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	s, err := New(journal, server.URL, "v1", deliver.Options{})
	if err != nil {
		b.Fatal(err)
	}
	rec := rename(b)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if err := s.Add(render.Entry{Ordinal: uint64(n), Wall: int64(n), Rec: rec}); err != nil {
			b.Fatal(err)
		}
		if s.Full() {
			if err := s.Commit(b.Context(), nil, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}
