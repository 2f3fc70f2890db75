// SPDX-License-Identifier: Apache-2.0

package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vexj/agent/intent"
	"vexj/agent/server"
	"vexj/agent/session"
	"vexj/uapi"
)

// envAsk has a copy of this binary ask, as another user.
const envAsk = "VEXJ_CONTROL_ASK"

func TestMain(m *testing.M) {
	if socket := os.Getenv(envAsk); socket != "" {
		fmt.Println(ask(socket, os.Args[1], os.Args[2], "application/json", []byte(os.Args[3])))
		return
	}
	os.Exit(m.Run())
}

// ask returns the status and the body of an answer.
func ask(socket, method, path, kind string, body []byte) string {
	c := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	defer c.CloseIdleConnections()
	req, err := http.NewRequest(method, "http://vexj"+path, bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	req.Header.Set("Content-Type", kind)
	resp, err := c.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(text)))
}

// recorder keeps what it is given, and knows for whom processes act.
type recorder struct {
	mu       sync.Mutex
	records  []uapi.Record
	contexts []uapi.Context
}

func (r *recorder) Emit(rec uapi.Record) (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, append(uapi.Record(nil), rec...))
	return uint64(len(r.records)), nil
}

func (r *recorder) SetContext(c uapi.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.contexts = append(r.contexts, c)
	return nil
}

func (r *recorder) ClearContext(c uapi.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.contexts) - 1; i >= 0; i-- {
		if r.contexts[i].PID == c.PID && r.contexts[i].Cgroup == c.Cgroup {
			r.contexts = append(r.contexts[:i:i], r.contexts[i+1:]...)
			return nil
		}
	}
	return fmt.Errorf("%w: none is set there", uapi.ErrContext)
}

func (r *recorder) Contexts() ([]uapi.Context, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]uapi.Context(nil), r.contexts...), nil
}

func (r *recorder) ContextOf(pid uint32) (uapi.Context, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.contexts) - 1; i >= 0; i-- {
		if r.contexts[i].PID == pid {
			return r.contexts[i], true, nil
		}
	}
	return uapi.Context{}, false, nil
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.records)
}

const nobody = 65534

// served is a recorder behind its socket, which nobody may ask too.
func served(t *testing.T) (*recorder, string) {
	t.Helper()
	rec := &recorder{}
	dir, err := os.MkdirTemp("/tmp", "vexj-control-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	policy := server.DefaultPolicy()
	policy.Socket.Mode = 0o666
	policy.Users = map[uint32]server.Grant{nobody: {Scopes: server.ScopeEmit | server.ScopeContext, Mask: ^uint64(0), Limits: server.Limits{Requests: 1000, Events: 20, Streams: 2}}}
	policy.Agents = map[string]server.Grant{"narrow": {Scopes: server.ScopeEmit | server.ScopeContext, Mask: 1, Limits: server.DefaultLimits}}
	socket := filepath.Join(dir, "agents")
	l, err := server.Listen(socket, policy.Socket)
	if err != nil {
		t.Fatal(err)
	}
	s := server.New(server.Options{Policy: policy, Identify: Identify(rec)})
	g := intent.NewRegistry(rec)
	Register(s, Options{Recorder: rec, Intents: g, Narrowed: func(agent string) bool { return agent == "narrow" }})
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := errors.Join(s.Close(ctx), <-ended); err != nil {
			t.Error(err)
		}
	})
	return rec, socket
}

// askAs asks as another user, by another process.
func askAs(t *testing.T, uid uint32, socket, method, path, body string) string {
	t.Helper()
	self := filepath.Join(filepath.Dir(socket), "ask")
	if _, err := os.Stat(self); err != nil {
		text, err := os.ReadFile("/proc/self/exe")
		if err == nil {
			err = os.WriteFile(self, text, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(self, method, path, body)
	cmd.Env = append(os.Environ(), envAsk+"="+socket)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func wants(t *testing.T, got, prefix string) {
	t.Helper()
	if !strings.HasPrefix(got, prefix) {
		t.Errorf("%s\nwant %s", got, prefix)
	}
}

func TestEmit(t *testing.T) {
	rec, socket := served(t)
	post := func(body string) string {
		return ask(socket, "POST", "/v1/emit", "application/json", []byte(body))
	}
	wants(t, post(`{"type":"agent-decision","payload":"a"}[{"type":"metric"}]`), `200 {"ids":["0x0000000000000001","0x0000000000000002"]}`)
	task, _ := rec.records[0].Task()
	if task.TID != uint32(os.Getpid()) || rec.records[0].PID() != task.TID {
		t.Errorf("written by %+v", task)
	}
	// All or none.
	wants(t, post(`{"type":"agent-decision"}{"type":"fs-write"}`), `400 `)
	wants(t, post(`{"type":"agent-decision"}{"type":"write"}`), `403 {"error":"record 2 of 2: only graph`)
	wants(t, post(``), `400 {"error":"not a record that can be emitted: there is none"`)
	wants(t, post(`{`), `400 `)
	if n := rec.count(); n != 2 {
		t.Errorf("%d records", n)
	}
	b := uapi.NewBuilder(nil)
	b.Begin(uapi.Header{Type: uapi.GraphNodeCreate})
	b.AddU64(uapi.AttrGraphNode, 7)
	one, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	two := append(append([]byte(nil), one...), one...)
	wants(t, ask(socket, "POST", "/v1/emit", "application/octet-stream", two), `200 {"ids":["0x0000000000000003","0x0000000000000004"]}`)
	wants(t, ask(socket, "POST", "/v1/emit", "application/octet-stream", two[:len(two)-1]), `400 `)

	// Who acts for somebody is stamped so, and cannot say another.
	rec.contexts = []uapi.Context{{PID: uint32(os.Getpid()), Agent: "me", Session: 5, Parent: 9, Root: 8, Visibility: 6}}
	wants(t, post(`{"type":"agent-decision","agent_id":"you"}`), `403 {"error":"record 1 of 1: the record claims another's identity`)
	wants(t, post(`{"type":"agent-decision","session":6}`), `403 `)
	wants(t, post(`{"type":"agent-decision"}`), `200 `)
	last := rec.records[len(rec.records)-1]
	agent, _ := last.Attr(uapi.AttrAgentID)
	if h := last.Header(); string(agent) != "me" || h.Parent != 9 || h.RootCause != 8 || h.VisibilityMask != 6 {
		t.Errorf("%q, %+v", agent, h)
	}
	wants(t, ask(socket, "GET", "/v1/emit", "", nil), `405 `)
	// Twenty events a minute are somebody's.
	many := strings.Repeat(`{"type":"metric"}`, 21)
	wants(t, askAs(t, nobody, socket, "POST", "/v1/emit", many), `429 `)
}

func TestIntent(t *testing.T) {
	rec, socket := served(t)
	ctx := context.Background()
	c, err := Dial(ctx, socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	i, err := c.Begin(ctx, Begin{Identity: session.Identity{Agent: "a", Session: "s"}, Intent: "why", Touch: []string{"x"}, Visibility: 2})
	if err != nil || i.Agent != "a" || i.SessionID != session.ID("s") || i.PID != uint32(os.Getpid()) || i.Root != i.ID || i.Parent != nil {
		t.Fatalf("%+v, %v", i, err)
	}
	part, err := c.Begin(ctx, Begin{Intent: "part"})
	if err != nil || part.Parent == nil || *part.Parent != i.ID || part.Root != i.ID || part.Agent != "a" || part.Visibility != 2 {
		t.Fatalf("%+v, %v", part, err)
	}
	all, err := c.Intents(ctx)
	if err != nil || len(all) != 2 || all[0].ID != i.ID {
		t.Fatalf("%+v, %v", all, err)
	}
	if err := c.End(ctx, part.ID, false); err != nil {
		t.Fatal(err)
	}
	if err := c.End(ctx, part.ID, false); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "no such intent") {
		t.Error(err)
	}
	if err := c.End(ctx, i.ID, true); err != nil || len(rec.contexts) != 1 {
		t.Errorf("%v, %+v", err, rec.contexts)
	}
	for body, want := range map[string]string{
		`{"intent":"x","colour":1}`:     `400 {"error":"the request is not as it should be`,
		`{"intent":"x"} {"intent":"y"}`: `400 `,
		`[]`:                            `400 `,
		`{"pid":4194304}`:               `409 {"error":"context cannot be set: there is no process`,
		`{"session":"0"}`:               `400 {"error":"not a session's name`,
		`{"agent":"\u0001"}`:            `400 {"error":"not an agent's name`,
		`{"visibility":6}`:              `400 `,
		`{"cgroup":"/proc"}`:            `409 {"error":"context cannot be set: /proc is not a control group`,
		`{"confidence":101,"pid":` + fmt.Sprint(os.Getpid()) + `}`: `400 {"error":"not an intent`,
	} {
		wants(t, ask(socket, "POST", "/v1/intent", "application/json", []byte(body)), want)
	}
	wants(t, ask(socket, "DELETE", "/v1/intent/x", "", nil), `400 `)
	wants(t, ask(socket, "DELETE", "/v1/intent/5?keep=maybe", "", nil), `400 `)
}

// An agent that disconnects ends its intent.
func TestHold(t *testing.T) {
	rec, socket := served(t)
	c, err := Dial(context.Background(), socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	i, done, gone, err := c.Hold(context.Background(), Begin{Identity: session.Identity{Agent: "a"}})
	if err != nil || i.ID == 0 {
		t.Fatal(err)
	}
	select {
	case <-gone:
		t.Error("it is gone at once")
	default:
	}
	done()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if rec.count() == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it lives on")
		}
	}
	if end := rec.records[1]; end.Type() != uapi.SemContextSwitch || !strings.Contains(string(end.Metadata()), intent.EndedDisconnected) {
		t.Errorf("%s, %s", end.Type(), end.Metadata())
	}
}

// A peer may attribute processes of its own user.
func TestOthers(t *testing.T) {
	rec, socket := served(t)
	mine := fmt.Sprintf(`{"pid":%d,"agent":"x"}`, os.Getpid())
	wants(t, askAs(t, nobody, socket, "POST", "/v1/intent", mine), `403 {"error":"process `)
	wants(t, askAs(t, nobody, socket, "POST", "/v1/context", mine), `403 {"error":"process `)
	wants(t, askAs(t, nobody, socket, "DELETE", fmt.Sprintf("/v1/context?pid=%d", os.Getpid()), ""), `403 `)
	wants(t, askAs(t, nobody, socket, "POST", "/v1/intent", `{"agent":"x"}`), `200 `)
	if rec.count() != 1 {
		t.Errorf("%d records", rec.count())
	}
	if h := rec.records[0]; h.Header().PID == uint32(os.Getpid()) {
		t.Error("it is written by somebody else")
	}
	var st struct{ id string }
	st.id = ask(socket, "GET", "/v1/intent", "", nil)
	if !strings.Contains(st.id, `"uid":65534`) {
		t.Error(st.id)
	}
	if got := askAs(t, nobody, socket, "GET", "/v1/context", ""); got != "200 []" {
		t.Errorf("it sees %s", got)
	}
}

func TestContext(t *testing.T) {
	rec, socket := served(t)
	pid := os.Getpid()
	post := func(body string) string {
		return ask(socket, "POST", "/v1/context", "application/json", []byte(body))
	}
	wants(t, post(fmt.Sprintf(`{"pid":%d,"agent":"a","session":"s","parent":"0x5","visibility":"0x2"}`, pid)), `200 {"pid":`)
	if c := rec.contexts[0]; c.Agent != "a" || c.Session != session.ID("s") || c.Parent != 5 || c.Visibility != 2 {
		t.Errorf("%+v", c)
	}
	wants(t, ask(socket, "GET", "/v1/context", "", nil), fmt.Sprintf(`200 [{"pid":%d,"agent":"a",`, pid))
	wants(t, post(`{"pid":1}`), `400 {"error":"whom records are attributed to is not said"`)
	wants(t, post(`{"agent":"a"}`), `409 `)
	wants(t, post(fmt.Sprintf(`{"pid":%d,"agent":"a","root":"0x1"}`, pid)), `409 {"error":"context cannot be set: it has a root`) // checked by Target
	wants(t, ask(socket, "DELETE", fmt.Sprintf("/v1/context?pid=%d", pid), "", nil), `200 `)
	wants(t, ask(socket, "DELETE", fmt.Sprintf("/v1/context?pid=%d", pid), "", nil), `409 {"error":"context cannot be set: none is set there"`)
	wants(t, ask(socket, "DELETE", "/v1/context?pid=x", "", nil), `400 `)
	wants(t, ask(socket, "DELETE", "/v1/context", "", nil), `409 `)
}

// Who acts for an agent with narrowed rights does not get rid of them by acting for
// another.
func TestNarrowed(t *testing.T) {
	rec, socket := served(t)
	rec.contexts = []uapi.Context{{PID: uint32(os.Getpid()), Agent: "narrow"}}
	post := func(path, body string) string { return ask(socket, "POST", path, "application/json", []byte(body)) }
	wants(t, post("/v1/intent", `{"agent":"free"}`), `403 {"error":"your process acts for \"narrow\"`)
	wants(t, post("/v1/context", fmt.Sprintf(`{"pid":%d,"agent":"free"}`, os.Getpid())), `403 `)
	wants(t, post("/v1/intent", `{}`), `200 `)
}

// What the records of an intent are hidden from, the lists are too.
func TestListsHideWhatRecordsDo(t *testing.T) {
	rec, socket := served(t)
	post := func(path, body string) string { return ask(socket, "POST", path, "application/json", []byte(body)) }
	for _, mask := range []string{"0x3", "0x2"} { // one within the other
		wants(t, post("/v1/intent", fmt.Sprintf(`{"agent":"x","intent":"of %s","visibility":%q}`, mask, mask)), `200 `)
	}
	rec.contexts = append(rec.contexts, uapi.Context{PID: 1, Agent: "hidden", Visibility: 2}, uapi.Context{PID: uint32(os.Getpid()), Agent: "narrow"})
	if got := ask(socket, "GET", "/v1/intent", "", nil); strings.Contains(got, "of 0x2") || !strings.Contains(got, "of 0x3") {
		t.Error(got)
	}
	if got := ask(socket, "GET", "/v1/context", "", nil); strings.Contains(got, "hidden") || !strings.Contains(got, "narrow") {
		t.Error(got)
	}
	rec.contexts = rec.contexts[:len(rec.contexts)-1]
	if got := ask(socket, "GET", "/v1/intent", "", nil); !strings.Contains(got, "of 0x2") {
		t.Error(got)
	}
	if got := ask(socket, "GET", "/v1/context", "", nil); !strings.Contains(got, "hidden") {
		t.Error(got)
	}
}
