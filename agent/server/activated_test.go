// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const roleName = "VEXJ_TEST_ACTIVATED"

// TestMain is also a server that a service manager has started.
func TestMain(m *testing.M) {
	if os.Getenv(roleName) == "" {
		os.Exit(m.Run())
	}
	l, err := Activated()
	if err == nil && l == nil {
		err = fmt.Errorf("no socket was passed")
	}
	if err == nil && os.Getenv("LISTEN_FDS") != "" {
		err = fmt.Errorf("a child would take the socket for its own")
	}
	if err == nil {
		err = New(Options{}).Serve(l)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// activate starts it as sd_listen_fds(3) has it: its own process id in the environment,
// the sockets from descriptor 3 on.
func activate(t *testing.T, fds string, files ...*os.File) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, self)
	cmd.Env = append(os.Environ(), roleName+"=1", "LISTEN_FDS="+fds)
	cmd.ExtraFiles = files
	return cmd
}

func TestSocketOfTheServiceManager(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := activate(t, "1", f)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the service manager's socket is gone: %v", err)
		}
	}()
	c, err := net.Dial("unix", path) // before it serves
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /v1 HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%+v, %v", resp, err)
	}
}

func TestSocketsThatAreNoneForAgents(t *testing.T) {
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	f, err := tcp.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for fds, want := range map[string]string{"1": "has to be a path", "2": "has to have one ListenStream=", "x": "has to have one ListenStream="} {
		out, err := activate(t, fds, f, f).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s sockets: %v, %s", fds, err, out)
		}
	}
}
