// SPDX-License-Identifier: Apache-2.0

package status

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"sync"
	"testing"

	"vexj/cmd/internal/exit"
	"vexj/uapi"
)

// fixed is a recorder that is always as it is.
type fixed struct {
	Snapshot
	recs   []uapi.Record
	filter *uapi.Filter
}

func (f *fixed) snapshot() Snapshot { return f.Snapshot }

type recorder struct{ *fixed }

func (r recorder) Snapshot() Snapshot { return r.snapshot() }

func (r recorder) Peek(most int) ([]uapi.Record, error) { return r.recs[:min(most, len(r.recs))], nil }

func (r recorder) SetFilter(f uapi.Filter) error {
	if len(f.UIDs) > 0 {
		return exit.With(exit.Usage, errors.New("no users here"))
	}
	r.filter = &f
	return nil
}

func TestPublishAndRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run[1]")
	want := Snapshot{
		PID: os.Getpid(), Program: "test", Producer: "test",
		Kernel: Counters{Attempted: 1 << 63, Lost: 2, LostBy: map[string]uint64{"full": 2}},
		CPUs:   []CPU{{CPU: 3, Counters: Counters{Recorded: 4}}},
	}
	p, err := Publish(dir, recorder{&fixed{Snapshot: want}})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		got, err := Read(dir)
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	name := filepath.Join(dir, strconv.Itoa(os.Getpid())+".sock")
	for path, want := range map[string]os.FileMode{dir: 0o700, name: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if _, err := Read(dir); !errors.Is(err, ErrNone) {
		t.Errorf("after Close: %v", err)
	}
}

func TestAsk(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	rec := &fixed{Snapshot: Snapshot{PID: os.Getpid()}, recs: []uapi.Record{{1}, {2}, {3}}}
	p, err := Publish(dir, recorder{rec})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r, err := AskOne(dir, os.Getpid(), Request{Peek: 2})
	if err != nil || !reflect.DeepEqual(r.Records, rec.recs[:2]) {
		t.Errorf("peek: %v, %v", r.Records, err)
	}
	for _, n := range []int{-1, maxPeek + 1} {
		if _, err := AskOne(dir, os.Getpid(), Request{Peek: n}); !errors.Is(err, ErrRefused) {
			t.Errorf("peek %d: %v", n, err)
		}
	}
	want := uapi.Filter{Types: []uapi.Type{uapi.FSWrite, 0x0fff}, PathPrefixes: []string{"/a\nb"}, FailedToo: true}
	if _, err := AskOne(dir, os.Getpid(), Request{Filter: &want}); err != nil || !reflect.DeepEqual(*rec.filter, want) {
		t.Errorf("filter: %+v, %v", rec.filter, err)
	}
	_, err = AskOne(dir, os.Getpid(), Request{Filter: &uapi.Filter{UIDs: []uint32{1}}})
	if !errors.Is(err, ErrRefused) || exit.Code(err) != exit.Usage {
		t.Errorf("a filter that is refused: %v, code %d", err, exit.Code(err))
	}
	if _, err := AskOne(dir, 1, Request{}); !errors.Is(err, ErrNone) {
		t.Errorf("another process: %v", err)
	}
}

// Whoever sends nothing, or nonsense, gets an answer, and the next one too.
func TestAskRaw(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := Publish(dir, recorder{&fixed{Snapshot: Snapshot{PID: 7}}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for text, code := range map[string]int{"": 0, "{}": 0, "nonsense": exit.Error, `{"filter": {"types": ["wriet"]}}`: exit.Error} {
		conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: filepath.Join(dir, strconv.Itoa(os.Getpid())+".sock"), Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Write([]byte(text))
		err = errors.Join(err, conn.CloseWrite())
		var r Reply
		if err := errors.Join(err, json.NewDecoder(conn).Decode(&r)); err != nil || r.Code != code || (r.Error == "") != (code == 0) {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
		conn.Close()
	}
}

func TestReadAtOnce(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := Publish(dir, recorder{&fixed{Snapshot: Snapshot{PID: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := Read(dir); err != nil || len(got) != 1 {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	wg.Wait()
}

func TestReadWithoutRecorder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	if _, err := Read(dir); !errors.Is(err, ErrNone) {
		t.Errorf("no folder: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(dir, "4194305.sock") // above the highest possible process id
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if _, err := Read(dir); !errors.Is(err, ErrNone) {
		t.Errorf("dead socket: %v", err)
	}
	p, err := Publish(dir, recorder{&fixed{}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := os.Stat(dead); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the next recorder left the dead socket: %v", err)
	}
}

func TestPublishRefusesOpenFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Publish(dir, recorder{&fixed{}}); err == nil {
		t.Error("published where anybody can put a socket")
	}
}
