// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"vexj/agent/server"
	"vexj/agent/stream"
	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/status"
	"vexj/fuse"
	"vexj/mirror"
	"vexj/uapi"
	"vexj/userjournal"
)

var update = flag.Bool("update", false, "write the golden file again")

// full has something of everything.
func full() capture.Measures {
	s := mirror.Stats{Records: 7, Bytes: 1000, Emitted: 2, Late: 3, Malformed: 4, Stray: 5, Refused: 6, MaxFill: 80, Behind: 9,
		Counters: uapi.Counters{Attempted: 20, Recorded: 8, Filtered: 11}}
	s.Counters.Lost[uapi.LostFull] = 12
	s.Lost[uapi.LostUnknown] = 13
	s.Types[uapi.FSWrite.Slot()] = 5
	s.Types[uapi.SysLost.Slot()] = 1
	s.Types[uapi.Type(0x0777).Slot()]++ // nobody knows it
	s.Types[uapi.Type(0x4711).Slot()]++
	s.Delay.Add(3 * time.Microsecond)
	s.Delay.Add(time.Hour)
	j := userjournal.WriterStats{Records: 7, RawBytes: 1000, StoredBytes: 300, Blocks: 1, Stalls: 2, StallTime: 1500 * time.Millisecond,
		IndexFailures: 1, Stopped: true, Free: 3, Buffers: 8}
	j.Syncing.Add(time.Millisecond)
	j.Writing.Add(time.Second)
	t := stream.TotalStats{Begun: 3, Delivered: 14, Missed: 15, Memory: 16, MemoryLimit: 17}
	t.Delay.Add(time.Millisecond)
	return capture.Measures{
		Producers: map[uapi.Producer]mirror.Stats{uapi.ProducerFUSE: s},
		Rings:     []status.Ring{{Size: 4096, Pending: 128}},
		Waiting:   18,
		Uncovered: 2,
		Held:      &fuse.Waits{Count: 19, Time: 2500 * time.Millisecond},
		Journal:   j,
		Disk:      []capture.Disk{{Dir: "/j", Segments: 2, Bytes: 500}},
		Agents: &server.Stats{Requests: 20, Strangers: 21, Unscoped: 22,
			Limited: server.Limited{Requests: 23, Events: 24, Streams: 25, Connections: 26}},
		Streams: &stream.Stats{Streams: []stream.StreamStats{{Live: true}, {Live: true}, {}}, Total: &t},
	}
}

func gathered(t *testing.T) *prometheus.Registry {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(&collector{measure: full}); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLint(t *testing.T) {
	h, err := Handler(full)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	problems, err := promlint.New(w.Body).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families, err := gathered(t).Gather()
	if err != nil || len(families) != len(all) {
		t.Errorf("%d of %d metrics are exposed: %v", len(families), len(all), err)
	}
}

func TestValues(t *testing.T) {
	err := testutil.GatherAndCompare(gathered(t), strings.NewReader(`
# HELP vexj_lost_records_total Records that were lost, by where and why.
# TYPE vexj_lost_records_total counter
vexj_lost_records_total{cause="fault",stage="producer"} 0
vexj_lost_records_total{cause="full",stage="producer"} 12
vexj_lost_records_total{cause="malformed",stage="mirror"} 4
vexj_lost_records_total{cause="malformed",stage="producer"} 0
vexj_lost_records_total{cause="nested",stage="producer"} 0
vexj_lost_records_total{cause="path",stage="producer"} 0
vexj_lost_records_total{cause="slow",stage="stream"} 15
vexj_lost_records_total{cause="state",stage="producer"} 0
vexj_lost_records_total{cause="stray",stage="mirror"} 5
vexj_lost_records_total{cause="too-big",stage="producer"} 0
vexj_lost_records_total{cause="unclean",stage="producer"} 0
vexj_lost_records_total{cause="unknown",stage="producer"} 0
vexj_lost_records_total{cause="write",stage="journal"} 6
# HELP vexj_records_total Records that the journal took, by producer and type.
# TYPE vexj_records_total counter
vexj_records_total{producer="fuse",type="lost"} 1
vexj_records_total{producer="fuse",type="other"} 2
vexj_records_total{producer="fuse",type="write"} 5
# HELP vexj_ring_fill_max_ratio The fullest that a ring was found, of 1.
# TYPE vexj_ring_fill_max_ratio gauge
vexj_ring_fill_max_ratio 0.8
# HELP vexj_stream_subscribers Streams that are open, live or being caught up.
# TYPE vexj_stream_subscribers gauge
vexj_stream_subscribers{state="catching-up"} 1
vexj_stream_subscribers{state="live"} 2
# HELP vexj_fuse_held_seconds_total How long operations in a mount waited as the journal was behind.
# TYPE vexj_fuse_held_seconds_total counter
vexj_fuse_held_seconds_total 2.5
# HELP vexj_agent_limited_total What was refused for being above a limit, by limit.
# TYPE vexj_agent_limited_total counter
vexj_agent_limited_total{limit="connections"} 26
vexj_agent_limited_total{limit="events"} 24
vexj_agent_limited_total{limit="requests"} 23
vexj_agent_limited_total{limit="streams"} 25
`), "vexj_lost_records_total", "vexj_records_total", "vexj_ring_fill_max_ratio", "vexj_stream_subscribers",
		"vexj_fuse_held_seconds_total", "vexj_agent_limited_total")
	if err != nil {
		t.Error(err)
	}
}

func TestHistograms(t *testing.T) {
	families, err := gathered(t).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "vexj_record_delay_seconds" {
			continue
		}
		h := f.GetMetric()[0].GetHistogram()
		if h.GetSampleCount() != 2 || h.GetSampleSum() != 3600.000003 {
			t.Errorf("%d, %v s", h.GetSampleCount(), h.GetSampleSum())
		}
		for _, b := range h.GetBucket() {
			want := uint64(0)
			if b.GetUpperBound() >= 4e-6 {
				want = 1 // the other one is in no bucket that has a bound
			}
			if b.GetCumulativeCount() != want {
				t.Errorf("%d took up to %v s", b.GetCumulativeCount(), b.GetUpperBound())
			}
		}
		return
	}
	t.Error("there is none")
}

const golden = "testdata/metrics.txt"

// TestNames holds the names, which others have in dashboards and alerts. The golden file
// is what the dashboard is checked against.
func TestNames(t *testing.T) {
	families, err := gathered(t).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range families {
		labels := map[string]bool{}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = true
			}
		}
		words := []string{f.GetName(), strings.ToLower(f.GetType().String())}
		for l := range labels {
			words = append(words, l)
		}
		slices.Sort(words[2:])
		lines = append(lines, strings.Join(words, " "))
	}
	got := "# Every metric of vexjd: name, type, labels. go test ./cmd/internal/metrics -update\n" + strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("metrics have changed, which breaks dashboards; if that is meant, run with -update:\n%s", got)
	}
}

var inManual = regexp.MustCompile(`(?m)^\.It Va (vexj_\w+)((?: , \w+)*)$`)

// TestManual: vexjd(8) has each metric, with its labels.
func TestManual(t *testing.T) {
	page, err := os.ReadFile("../../../man/vexjd.8")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, m := range inManual.FindAllStringSubmatch(string(page), -1) {
		told[m[1]] = m[2]
	}
	for _, d := range all {
		m := regexp.MustCompile(`fqName: "(\w+)".*variableLabels: \{([^}]*)\}`).FindStringSubmatch(d.String())
		if m == nil {
			t.Fatal(d)
		}
		labels := ""
		if m[2] != "" {
			labels = " , " + strings.ReplaceAll(m[2], ",", " , ")
		}
		if have, ok := told[m[1]]; !ok || have != labels {
			t.Errorf("vexjd(8) has %q for .It Va %s%s", have, m[1], labels)
		}
		delete(told, m[1])
	}
	for name := range told {
		t.Errorf("vexjd(8) tells of %s, which is none", name)
	}
	if t.Failed() {
		fmt.Println("the manual has them in 'Metrics'")
	}
}
