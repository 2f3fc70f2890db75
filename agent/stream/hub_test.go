// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"

	"vexj/agent/server"
	"vexj/uapi"
	"vexj/userjournal"
)

func TestLiveRecordsComeInOrderAndOnce(t *testing.T) {
	f := newField(t, Options{})
	f.append(100) // before anybody came
	odd := func(n uint64) bool { return n%10 == 3 }
	all, some, mine, none := f.subscribe(""), f.subscribe("path=/d3/"), f.subscribe("pid=104"), f.subscribe("agent=nobody")
	f.append(1500) // what a socket and a queue can hold
	all.wantRange(101, 1600, nil)
	some.wantRange(101, 1600, odd)
	mine.wantRange(101, 1600, func(n uint64) bool { return n%7 == 4 })
	f.append(10)
	all.wantRange(1601, 1610, nil)
	some.want(1603)
	for _, r := range []*reader{all, some, mine, none} {
		r.close()
	}
	f.gone()
	if s := f.hub.Stats(0, true).Total; s.Delivered < 1510 || s.Delay.Total() != s.Delivered || s.Missed != 0 || s.Begun != 4 || s.Resident == 0 {
		t.Errorf("%+v", s)
	}
}

func TestServerSentEvents(t *testing.T) {
	f := newField(t, Options{Heartbeat: 50 * time.Millisecond})
	r := f.subscribe("", "Accept", "text/event-stream")
	if !r.sse || r.resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatal(r.resp.Header)
	}
	f.append(2)
	first := r.next()
	if first.id != first.Cursor || first.Sequence != 1 || first.event != "" {
		t.Errorf("%+v", first)
	}
	r.want(2)
	for {
		g, err := r.line()
		if err != nil {
			t.Fatal(err)
		}
		if g.event == "heartbeat" {
			if g.id != g.Heartbeat.Cursor || g.id != r.last {
				t.Errorf("%+v, the last cursor is %s", g, r.last)
			}
			break
		}
	}
	r.close()
	r = f.subscribe("format=sse", "Last-Event-ID", first.id)
	r.want(2)
	r.close()
	// A browser that has lost the connection comes back by the same address.
	r = f.subscribe("format=sse&"+after(Oldest), "Last-Event-ID", first.id)
	r.want(2)
}

func TestResumeByCursor(t *testing.T) {
	f := newField(t, Options{})
	f.append(3000)
	r := f.subscribe(after(Oldest))
	r.wantRange(1, 1000, nil)
	r.close()
	r = f.subscribe(after(r.last))
	// While it is behind and when it is live, no more at a time than may wait for it.
	for from, end := uint64(1001), uint64(3500); end <= 6000; from, end = end+1, end+500 {
		f.append(500)
		r.wantRange(from, end, nil)
	}
	last := r.last
	r.close()
	f.gone()
	f.append(1)
	r = f.subscribe(after(last) + "&path=/d1/**")
	r.want(6001)
}

// Subscribers come and go at random while records come in: each gets every record
// of its filter once and in order.
func TestReplayThenLiveWithoutHoleOrDuplicate(t *testing.T) {
	for _, shards := range [][]string{nil, {"a", "b", "c"}} {
		t.Run(fmt.Sprint(len(shards)), func(t *testing.T) {
			f := newField(t, Options{}, shards...)
			f.append(2000)
			const end = 10_000
			var group sync.WaitGroup
			for i := range 8 {
				group.Go(func() { f.comeAndGo(i, end) })
			}
			for f.next <= end {
				f.append(int(min(50, end+1-f.next)))
				time.Sleep(time.Millisecond)
			}
			group.Wait()
		})
	}
}

func (f *field) comeAndGo(i int, end uint64) {
	rnd := rand.New(rand.NewPCG(uint64(i), 7))
	query, take := "", func(uint64) bool { return true }
	if i%2 == 1 {
		query, take = "&path=/d5/**", func(n uint64) bool { return n%10 == 5 }
		end -= 5
	}
	cursor, next := Oldest, uint64(1)
	for next <= end {
		r, err := dial(f.t, f.path, after(cursor)+query)
		if err != nil {
			f.t.Error(err)
			return
		}
		for left := 1 + rnd.IntN(1000); left > 0 && next <= end; left-- {
			g, err := r.line()
			if err != nil {
				f.t.Error(err)
				return
			}
			if g.Cursor == "" {
				if g.Stream == nil && g.Heartbeat == nil {
					f.t.Errorf("%+v", g)
					return
				}
				continue
			}
			for !take(next) {
				next++
			}
			if g.Sequence != next {
				f.t.Errorf("subscriber %d: record %d comes where %d belongs", i, g.Sequence, next)
				return
			}
			cursor = g.Cursor
			next++
		}
		r.close()
	}
}

func TestSlowSubscriberIsTold(t *testing.T) {
	for name, o := range map[string]Options{"queue": {}, "arena": {Memory: 128 << 10}} {
		t.Run(name, func(t *testing.T) {
			f := newField(t, o)
			slow, quick := f.subscribe(""), f.subscribe("")
			const total = 10_000
			read := make(chan struct{})
			go func() {
				defer close(read)
				for got, missed := uint64(0), uint64(0); got+missed < total; {
					switch g, err := quick.line(); {
					case err != nil:
						t.Error(err)
						return
					case g.Gap != nil:
						missed += g.Gap.Missed
					case g.Cursor != "":
						got++
					}
				}
			}()
			for f.next <= total {
				f.append(20)
				time.Sleep(100 * time.Microsecond)
			}
			<-read
			got, next, missed, resume := uint64(0), uint64(1), uint64(0), ""
			for got+missed < total {
				g := slow.next()
				if g.Gap != nil {
					if g.Gap.Reason != GapSlow || g.Gap.Missed == 0 {
						t.Fatalf("%+v", g.Gap)
					}
					missed += g.Gap.Missed
					next += g.Gap.Missed
					if resume == "" {
						resume = g.Gap.Cursor
						// What was missed can be had.
						again := f.subscribe(after(resume))
						again.wantRange(got+1, got+g.Gap.Missed, nil)
						again.close()
					}
					continue
				}
				if g.Sequence != next {
					t.Fatalf("record %d comes where %d belongs", g.Sequence, next)
				}
				got++
				next++
			}
			if missed == 0 {
				t.Error("it missed nothing: the test tests nothing")
			}
			f.append(1)
			slow.want(total + 1)
		})
	}
}

// One who does not read its history is left where it is, and misses nothing.
func TestHistoryWaitsForWhoReads(t *testing.T) {
	f := newField(t, Options{})
	f.append(10_000)
	late, quick := f.subscribe(after(Oldest)), f.subscribe(after(Oldest))
	quick.wantRange(1, 10_000, nil)
	f.append(10)
	quick.wantRange(10_001, 10_010, nil)
	late.wantRange(1, 10_010, nil)
}

func TestHeartbeatsHaveACursor(t *testing.T) {
	f := newField(t, Options{Heartbeat: 30 * time.Millisecond})
	f.append(10)
	r := f.subscribe("agent=nobody")
	f.append(10)
	for {
		g, err := r.line()
		if err != nil {
			t.Fatal(err)
		}
		if g.Heartbeat == nil {
			t.Fatalf("%+v", g)
		}
		if _, behind, err := f.set.Seek(g.Heartbeat.Cursor); err != nil {
			t.Fatal(err)
		} else if behind.Sum() == 20 {
			break
		}
	}
}

func TestLostRecordsAreGaps(t *testing.T) {
	f := newField(t, Options{})
	live := f.subscribe("path=/d1/")
	lose := func() {
		f.next += 5
		if _, err := f.writer.Append(f.record(func(h *uapi.Header) { h.Type = uapi.SysLost })); err != nil {
			t.Fatal(err)
		}
	}
	f.append(1)
	lose()
	f.append(5)
	live.want(1)
	for _, r := range []*reader{live, f.subscribe(after(live.last) + "&path=/d1/")} {
		if g := r.wantGap(GapLost); g.Lost != 5 || g.Cause != uapi.LostFull.String() || g.Cursor == "" {
			t.Errorf("%+v", g)
		}
		r.want(11)
	}
}

func TestWhatWasRemovedIsAGap(t *testing.T) {
	f := newField(t, Options{})
	f.append(10)
	r := f.subscribe(after(Oldest))
	r.wantRange(1, 10, nil)
	r.close()
	f.append(20_000)
	if err := f.writer.Sync(); err != nil {
		t.Fatal(err)
	}
	report, err := userjournal.Retain(f.writer.Shards()[0].Dir(), userjournal.RetainOptions{MaxBytes: 128 << 10})
	if err != nil || report.Removed.Records == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	next := report.Removed.Last + 1
	again := f.subscribe(after(r.last))
	if g := again.wantGap(GapRemoved); g.Missed != 0 {
		t.Errorf("%+v", g)
	}
	again.want(next, next+1)
	oldest := f.subscribe(after(Oldest))
	oldest.want(next, next+1)
}

func TestEndIsTold(t *testing.T) {
	for _, shards := range [][]string{nil, {"a", "b", "c"}} {
		t.Run(fmt.Sprint(len(shards)), func(t *testing.T) {
			f := newField(t, Options{}, shards...)
			r := f.subscribe("")
			// Who is still behind when the hub ends is told from where to go on.
			for !f.hub.Stats(0, true).Streams[0].Live {
				time.Sleep(time.Millisecond)
			}
			f.append(100)
			f.close()
			r.wantRange(1, 100, nil)
			g := r.next()
			if g.End == nil || g.End.Error != ErrClosed.Error() || g.End.Cursor != r.last {
				t.Errorf("%+v", g)
			}
			if _, err := r.line(); !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			f.open(Options{}, shards...)
			f.append(5)
			again := f.subscribe(after(g.End.Cursor))
			again.wantRange(101, 105, nil)
		})
	}
}

func TestViewHidesRecordsEverywhere(t *testing.T) {
	f := newField(t, Options{Heartbeat: 30 * time.Millisecond})
	hidden := func(n int) {
		for range n {
			if _, err := f.writer.Append(f.record(func(h *uapi.Header) { h.VisibilityMask = 2 })); err != nil {
				t.Fatal(err)
			}
		}
	}
	grant := server.Grant{Scopes: server.ScopeRead, Mask: 1, Limits: server.DefaultLimits}
	path := f.serve(&grant)
	hidden(10)
	first := subscribe(t, path, "")
	if first.last != Oldest {
		t.Errorf("it is told of a record that it must not see: %s", first.last)
	}
	f.append(2)
	hidden(10)
	first.want(11, 12)
	beat, err := first.line()
	if err != nil || beat.Heartbeat == nil || beat.Heartbeat.Cursor != first.last {
		t.Fatalf("%+v, %v", beat, err)
	}
	// All of history, and a filter that asks for it.
	for _, query := range []string{"", "&pid=100,101,102,103,104,105,106"} {
		r := subscribe(t, path, after(Oldest)+query)
		r.want(11, 12)
		r.close()
	}
	// A cursor of what it must not see is as one of nothing.
	all := f.subscribe(after(Oldest))
	secret := all.next().Cursor
	resp, body := f.get(t, path, "/v1/stream?"+after(secret))
	if resp != 400 || !strings.Contains(body, "no such record") {
		t.Errorf("%d %s", resp, body)
	}
	if resp, body = f.get(t, path, "/v1/wait?timeout=10ms&after="+secret); resp != 400 {
		t.Errorf("%d %s", resp, body)
	}
	hidden(3)
	resp, body = f.get(t, path, "/v1/wait?timeout=50ms&after="+first.last)
	var w waited
	if err := json.Unmarshal([]byte(body), &w); err != nil || resp != 200 || !w.Timeout || string(w.Record) != "null" || w.Cursor != first.last {
		t.Errorf("%d %s", resp, body)
	}
	// Nor are there counts of them, nor of streams of others.
	var stats Stats
	resp, body = f.get(t, path, "/v1/stats")
	if err := json.Unmarshal([]byte(body), &stats); err != nil || resp != 200 || stats.Total != nil {
		t.Errorf("%d %s", resp, body)
	}
	grant.Scopes = server.ScopeEmit
	path = f.serve(&grant)
	for _, route := range []string{"/v1/stream", "/v1/wait", "/v1/stats"} {
		if resp, body = f.get(t, path, route); resp != 403 {
			t.Errorf("%s: %d %s", route, resp, body)
		}
	}
}

// A slow subscriber's gap counts only what it may see.
func TestGapsCountTheViewAlone(t *testing.T) {
	f := newField(t, Options{})
	path := f.serve(&server.Grant{Scopes: server.ScopeRead, Mask: 1, Limits: server.DefaultLimits})
	r := subscribe(t, path, "")
	for f.next <= 10_000 {
		if _, err := f.writer.Append(f.record(func(h *uapi.Header) { h.VisibilityMask = 1 + h.EventID%2 })); err != nil {
			t.Fatal(err)
		}
		if f.next%20 == 0 {
			time.Sleep(100 * time.Microsecond)
		}
	}
	for got, missed := uint64(0), uint64(0); got+missed < 5_000; {
		g := r.next()
		if g.Gap != nil {
			missed += g.Gap.Missed
		} else if got++; (f.ids+g.Sequence)%2 != 0 {
			t.Fatal("it sees what it must not")
		}
	}
	f.append(1)
	r.want(f.next - 1)
}

func (f *field) get(t *testing.T, path, what string) (int, string) {
	t.Helper()
	resp, err := clientOf(path).Get("http://vexj" + what)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestBadRequests(t *testing.T) {
	f, other := newField(t, Options{}), newField(t, Options{})
	other.append(1)
	foreign := other.subscribe(after(Oldest)).next().Cursor
	f.append(1)
	for query, want := range map[string]string{
		"frobnicate=1":                     `there is no \"frobnicate\"`,
		"type=fly":                         "no such type",
		"path=/a%5B":                       "bad pattern",
		"pid=x":                            "no number of 32 bits",
		"pid=4294967296":                   "no number of 32 bits",
		"format=xml":                       "there is no format",
		"after=x":                          "bad cursor",
		"after=" + foreign:                 "it is of the journal",
		"min-relevance=1000":               "relevance is 0 to 100",
		"min-priority=high2":               "is no priority",
		"since=yesteryear":                 "not a point in time",
		"since=1&since=2":                  "give it once",
		"failed=maybe":                     "neither true nor false",
		"failed=1&succeeded=1":             "nothing can match",
		"pid=%zz":                          "bad parameters",
		"category=nothing":                 "no category",
		"flag=nothing":                     "no flag",
		"a=" + strings.Repeat("&a=", 2000): "more than 1000 values",
	} {
		for _, route := range []string{"/v1/stream?", "/v1/wait?timeout=1ms&"} {
			if strings.HasPrefix(query, "format") && strings.HasPrefix(route, "/v1/wait") {
				continue
			}
			code, body := f.get(t, f.path, route+query)
			var e struct{ Error, Do string }
			if err := json.Unmarshal([]byte(body), &e); err != nil || code != 400 || !strings.Contains(body, want) || e.Do == "" {
				t.Errorf("%s%s: %d %s; want %s", route, query, code, body, want)
			}
		}
	}
	for _, timeout := range []string{"-1s", "1h", "soon"} {
		if code, body := f.get(t, f.path, "/v1/wait?timeout="+timeout); code != 400 {
			t.Errorf("%s: %d %s", timeout, code, body)
		}
	}
	if code, body := f.get(t, f.path, "/v1/stream?path="+strings.Repeat("x", 1<<20)); code != 431 {
		t.Errorf("a request that is too large: %d %s", code, body)
	}
	limited := f.serve(&server.Grant{Scopes: server.ScopeRead, Mask: 1, Limits: server.Limits{Requests: 100, Streams: 1}})
	one := subscribe(t, limited, "")
	if code, body := f.get(t, limited, "/v1/stream"); code != 429 {
		t.Errorf("%d %s", code, body)
	}
	one.close()
	for end := time.Now().Add(time.Minute); ; {
		r, err := dial(t, limited, "")
		if err != nil {
			t.Fatal(err)
		}
		if r.resp.StatusCode == 200 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("a stream that has ended counts for ever")
		}
		time.Sleep(time.Second)
	}
}

func TestWait(t *testing.T) {
	f := newField(t, Options{})
	f.append(10)
	ask := func(query string) (w waited) {
		t.Helper()
		code, body := f.get(t, f.path, "/v1/wait?"+query)
		if err := json.Unmarshal([]byte(body), &w); err != nil || code != 200 {
			t.Fatalf("%d %s", code, body)
		}
		return w
	}
	sequence := func(w waited) uint64 {
		var g got
		if err := json.Unmarshal(w.Record, &g); err != nil || g.Cursor != w.Cursor {
			t.Fatalf("%s: %v", w.Record, err)
		}
		return g.Sequence
	}
	w := ask("timeout=10ms")
	if !w.Timeout || w.Cursor == "" || string(w.Record) != "null" {
		t.Fatalf("%+v", w)
	}
	// Nothing between two polls is missed.
	f.append(10)
	for _, want := range []uint64{11, 13, 17} {
		if w = ask(fmt.Sprintf("path=/d%d/&%s", want%10, after(w.Cursor))); sequence(w) != want {
			t.Fatalf("%s", w.Record)
		}
	}
	if w = ask("path=/d3/&timeout=10ms&" + after(w.Cursor)); !w.Timeout {
		t.Fatalf("%+v", w)
	}
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			w := ask(url.Values{"path": {fmt.Sprintf("/d%d/", i%10)}, "timeout": {"1m"}, "after": {w.Cursor}}.Encode())
			if n := sequence(w); n%10 != uint64(i%10) || n < 21 || n > 30 {
				t.Errorf("%d waits for %d", n, i)
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	f.append(10)
	group.Wait()
	f.gone()
}

func TestManySubscribersAtDifferentPlaces(t *testing.T) {
	f := newField(t, Options{})
	f.append(10_000)
	all := f.subscribe(after(Oldest))
	var cursors []string
	for n := uint64(1); n <= 10_000; n++ {
		if g := all.next(); n%200 == 0 {
			cursors = append(cursors, g.Cursor)
		}
	}
	all.close()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				f.append(20)
			}
		}
	}()
	var group sync.WaitGroup
	for i, c := range cursors {
		group.Go(func() {
			r := f.subscribe(after(c) + "&path=/d2/**")
			r.wantRange(uint64(i+1)*200+1, 10_100, func(n uint64) bool { return n%10 == 2 })
			r.close()
		})
	}
	group.Wait()
	close(stop)
	<-stopped
	f.gone()
}

// The follower is on a thread of its own, with a short slice and the priority that the
// process has, and its thread is as others again when it ends.
func TestFollowerIsPrompt(t *testing.T) {
	version, err := features.LinuxVersionCode()
	if err != nil {
		t.Fatal(err)
	}
	if version < 6<<16|12<<8 {
		t.Skip("slices are told by Linux 6.12 and later")
	}
	here, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if here.Runtime == 0 || here.Policy != unix.SCHED_NORMAL {
		t.Fatalf("%+v: this is to be run with the policy that processes have of themselves", *here)
	}
	want := *here
	want.Runtime = uint64(slice)
	count := func() (n int) {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			tid, err := strconv.Atoi(task.Name())
			if err != nil {
				t.Fatal(err)
			}
			if a, err := unix.SchedGetAttr(tid, 0); err == nil && *a == want {
				n++
			}
		}
		return n
	}
	before := count()
	f := newField(t, Options{})
	r := f.subscribe("")
	f.append(1)
	r.want(1)
	if n := count() - before; n != 1 {
		t.Errorf("%d threads are prompt", n)
	}
	if err := f.hub.Close(); err != nil {
		t.Fatal(err)
	}
	if n := count() - before; n != 0 {
		t.Errorf("%d threads are prompt without a follower", n)
	}
}
