// SPDX-License-Identifier: Apache-2.0

package check

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"vexj/export/cloudevents"
	"vexj/export/deliver"
	"vexj/export/folder"
)

// validate holds events against the specification, and against the journal.
func validate(t *testing.T, source string, events []event.Event) {
	t.Helper()
	if len(events) != many {
		t.Fatalf("%d events", len(events))
	}
	for i, e := range events {
		if err := e.Validate(); err != nil {
			t.Fatalf("%v: %v", e, err)
		}
		var data struct {
			Ordinal uint64
			Time    time.Time
			Path    string
		}
		if err := json.Unmarshal(e.Data(), &data); err != nil {
			t.Fatal(err)
		}
		n := i + 1
		if e.SpecVersion() != "1.0" || e.ID() != fmt.Sprint(n) || e.Source() != source || data.Ordinal != uint64(n) || !e.Time().Equal(data.Time) ||
			e.Extensions()["sequence"] != fmt.Sprintf("%020d", n) || e.DataContentType() != "application/json" || !strings.HasPrefix(e.Type(), "vexj.") {
			t.Fatalf("event %d: %v", n, e)
		}
	}
	if e := events[1]; e.Type() != "vexj.filesystem.rename" || e.Subject() != `/srv/\xff\xfe` {
		t.Errorf("%v", e)
	}
	if e := events[4]; e.Type() != "vexj.system.lost" || e.Subject() != "" {
		t.Errorf("%v", e)
	}
}

func TestSDKReadsLines(t *testing.T) {
	set := write(t)
	dir := t.TempDir()
	id := identity(t, set)
	sink, err := folder.Open(set, filepath.Join(dir, "to"), "", cloudevents.Format(id))
	if err != nil {
		t.Fatal(err)
	}
	give(t, set, sink)
	names, err := filepath.Glob(filepath.Join(dir, "to", "*.cloudevents.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	var events []event.Event
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		for lines.Scan() {
			var e event.Event
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Fatalf("%s: %v", lines.Text(), err)
			}
			events = append(events, e)
		}
	}
	validate(t, fmt.Sprintf("urn:vexj:journal:%x", id), events)
}

func TestSDKReadsBatches(t *testing.T) {
	set := write(t)
	var events []event.Event
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != "application/cloudevents-batch+json; charset=UTF-8" {
			t.Errorf("%v", r.Header)
		}
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		var batch []event.Event
		if err := json.NewDecoder(z).Decode(&batch); err != nil {
			t.Error(err)
		}
		events = append(events, batch...)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer s.Close()
	id := identity(t, set)
	sink, err := cloudevents.NewBatches(id, s.URL, deliver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	give(t, set, sink)
	validate(t, fmt.Sprintf("urn:vexj:journal:%x", id), events)
}
