// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"

	colpb "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"

	"vexj/export/deliver"
	"vexj/internal/render"
	"vexj/uapi"
)

// receiver is a stand-in for a collector. It answers with one of the codes after the
// other, and keeps the records of requests that it takes.
type receiver struct {
	t        *testing.T
	codes    []int
	rejects  int64
	path     string
	resource map[string]string
	records  []*logspb.LogRecord
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.path = req.URL.Path
	if len(r.codes) > 0 {
		code := r.codes[0]
		r.codes = r.codes[1:]
		if code != 200 {
			w.WriteHeader(code)
			return
		}
	}
	z, err := gzip.NewReader(req.Body)
	if err != nil {
		r.t.Error(err)
		return
	}
	body, err := io.ReadAll(z)
	if err != nil {
		r.t.Error(err)
	}
	var m colpb.ExportLogsServiceRequest
	if err := proto.Unmarshal(body, &m); err != nil {
		r.t.Error(err)
	}
	for _, rl := range m.ResourceLogs {
		r.resource = map[string]string{}
		for _, kv := range rl.Resource.Attributes {
			r.resource[kv.Key] = kv.Value.GetStringValue()
		}
		for _, sl := range rl.ScopeLogs {
			if sl.Scope.Name != "vexj" {
				r.t.Errorf("scope %q", sl.Scope.Name)
			}
			r.records = append(r.records, sl.LogRecords...)
		}
	}
	answer := &colpb.ExportLogsServiceResponse{}
	if r.rejects > 0 {
		answer.PartialSuccess = &colpb.ExportLogsPartialSuccess{RejectedLogRecords: r.rejects, ErrorMessage: "too old"}
	}
	b, err := proto.Marshal(answer)
	if err != nil {
		r.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(b)
}

var journal = [16]byte{0xab, 1}

func start(t *testing.T, r *receiver) *Sink {
	t.Helper()
	r.t = t
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	s, err := New(journal, server.URL, "v1", deliver.Options{FirstWait: time.Millisecond, Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rename(t testing.TB) uapi.Record {
	t.Helper()
	b := uapi.NewBuilder(nil)
	id := uint64(uapi.ProducerTest)<<56 | 7
	b.Begin(uapi.Header{EventID: id, Type: uapi.FSRename, Subtype: uapi.MakeSubtype(uapi.ViaUring, unix.RENAME_NOREPLACE),
		Flags: uapi.FlagFailed, Ktime: 99, CPU: 1, PID: 4711, Sequence: 3, GlobalSequence: 7, Priority: uapi.PriorityNormal,
		Parent: id - 1, RootCause: id - 2, VisibilityMask: 6})
	task := uapi.Task{TID: 4712, PPID: 1, UID: 1000, GID: 100, CgroupID: 1 << 63}
	copy(task.Comm[:], "git")
	b.AddTask(task)
	b.AddFile(uapi.File{DevMajor: 8, DevMinor: 1, Inode: 42, Mode: 0o100640, Size: 10, Nlink: 1})
	b.AddIO(uapi.IO{Offset: uapi.NoOffset, Result: -int64(unix.EEXIST), Duration: 5})
	b.AddString(uapi.AttrPath, "/a/\xff")
	b.AddString(uapi.AttrPath2, "/b")
	b.AddString(uapi.AttrAgentID, "builder")
	b.AddU64(uapi.AttrSession, 1<<63|5)
	b.AddU32(uapi.AttrSystemLoad, 3)
	rec, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// values are the attributes of a record, those that are numbers being "".
func values(r *logspb.LogRecord) map[string]string {
	m := map[string]string{}
	for _, kv := range r.Attributes {
		m[kv.Key] = kv.Value.GetStringValue()
	}
	return m
}

func TestRecord(t *testing.T) {
	r := &receiver{}
	s := start(t, r)
	if err := s.Add(render.Entry{Ordinal: 17, Wall: 1_772_366_400_125_000_000, Rec: rename(t)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	if r.path != "/v1/logs" || r.resource["service.name"] != "vexj" || r.resource["vexj.journal"] != "ab010000000000000000000000000000" {
		t.Errorf("%q %v", r.path, r.resource)
	}
	one := r.records[0]
	if one.TimeUnixNano != 1_772_366_400_125_000_000 || one.EventName != "vexj.filesystem.rename" ||
		one.SeverityNumber != logspb.SeverityNumber_SEVERITY_NUMBER_INFO {
		t.Errorf("%v", one)
	}
	if body := one.Body.GetStringValue(); body != `git[4711]            rename     "/a/\xff" -> /b noreplace via=uring agent=builder session=9223372036854775813 = EEXIST` {
		t.Errorf("%q", body)
	}
	want := map[string]string{
		"log.record.uid": "ab010000000000000000000000000000/17", "vexj.id": "0x0800000000000007", "vexj.type": "rename",
		"vexj.parent": "0x0800000000000006", "vexj.root_cause": "0x0800000000000005", "vexj.visibility": "0x6",
		"thread.name": "git", "process.user.id": "1000", "vexj.cgroup": "9223372036854775808", "vexj.flags": "failed",
		"file.path": `/a/\xff`, "vexj.path2": "/b", "file.inode": "42", "file.mode": "0640", "vexj.dev": "8:1",
		"error.type": "EEXIST", "gen_ai.agent.id": "builder", "session.id": "9223372036854775813",
		"vexj.rest": `{"path_bytes":"L2Ev/w==","system_load":3}`,
	}
	got := values(one)
	for key, v := range want {
		if got[key] != v {
			t.Errorf("%s is %q, want %q", key, got[key], v)
		}
	}
	for _, kv := range one.Attributes {
		if kv.Key == "process.pid" && kv.Value.GetIntValue() != 4711 || kv.Key == "vexj.io.result" && kv.Value.GetIntValue() != -17 {
			t.Errorf("%v", kv)
		}
		known := slices.Contains(names, kv.Key) || strings.HasPrefix(kv.Key, "vexj.")
		if !known {
			t.Errorf("%s is no name of the conventions, and not ours", kv.Key)
		}
	}
}

// TestSameMemory: a request is not what is left of the one before.
func TestSameMemory(t *testing.T) {
	r := &receiver{}
	s := start(t, r)
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{EventID: 5, Type: uapi.SysLost, Priority: uapi.PriorityNormal})
	b.AddLost(uapi.Lost{Count: 3, First: 1, Last: 5, Cause: uapi.LostFull})
	lost, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	for _, recs := range [][]uapi.Record{{rename(t), rename(t)}, {lost}, {lost, rename(t)}} {
		for i, rec := range recs {
			if err := s.Add(render.Entry{Ordinal: uint64(i), Wall: 1, Rec: rec}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Commit(t.Context(), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.records) != 5 {
		t.Fatalf("%d records", len(r.records))
	}
	second, third := values(r.records[2]), values(r.records[3])
	if _, ok := second["file.path"]; ok || len(second) != len(third) || r.records[2].SeverityText != "WARN" {
		t.Errorf("%v", second)
	}
	for i := range 2 {
		if a, b := values(r.records[i]), values(r.records[4]); len(a) != len(b) {
			t.Errorf("%v\n%v", a, b)
		}
	}
}

func TestRetriesAndRejections(t *testing.T) {
	r := &receiver{codes: []int{503, 429, 200}, rejects: 2}
	s := start(t, r)
	for i := range 3 {
		if err := s.Add(render.Entry{Ordinal: uint64(i), Rec: rename(t)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Commit(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	if len(r.records) != 3 || s.Rejected != 2 || s.Said != "too old" {
		t.Errorf("%d records, %d rejected: %q", len(r.records), s.Rejected, s.Said)
	}
	// One that was refused can be sent again.
	r.codes, r.records = []int{400}, nil
	if err := s.Add(render.Entry{Ordinal: 3, Rec: rename(t)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), nil, nil); err == nil {
		t.Error("a refused request is no error")
	}
	if err := s.Commit(t.Context(), nil, nil); err != nil || len(r.records) != 1 {
		t.Errorf("%v, %d records", err, len(r.records))
	}
}
