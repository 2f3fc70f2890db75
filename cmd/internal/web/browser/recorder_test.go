// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vexj/internal/tale"
)

var (
	shots   = flag.String("shots", "", "`folder` for pictures of the views")
	records = flag.Int("records", 1_000_000, "`number` of records in the journal")
)

// The recorder that all tests look at.
var recorder struct {
	page string // the address, with the token
	work string // what is done in this folder is recorded
}

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := withRecorder(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// withRecorder runs a vexjd, behind a day that ends now, while run does.
func withRecorder(run func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "vexj-browser")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	in := func(name string) string { return filepath.Join(dir, name) }
	build := exec.Command("go", "build", "-C", "../../../..", "-o", in("vexjd"), "./cmd/vexjd")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("%w: %s", err, out)
	}
	if err := tale.WriteDay(in("journal"), 7, *records, time.Now().Add(-tale.DayLength)); err != nil {
		return 1, err
	}
	recorder.work = in("work")
	if err := os.Mkdir(recorder.work, 0o755); err != nil {
		return 1, err
	}
	daemon := exec.Command(in("vexjd"), "--web", "127.0.0.1:0", "--path", recorder.work)
	daemon.Env = append(os.Environ(), "VEXJ_RUN_DIR="+in("run"), "VEXJ_JOURNAL="+in("journal"), "VEXJ_POLICY="+in("policy"))
	// Tests ask more in a minute than a person would.
	if err := os.WriteFile(in("policy"), []byte("user root scopes=all mask=all requests=unlimited streams=unlimited\n"), 0o600); err != nil {
		return 1, err
	}
	stderr, err := daemon.StderrPipe()
	if err != nil {
		return 1, err
	}
	if err := daemon.Start(); err != nil {
		return 1, err
	}
	said := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if _, at, ok := strings.Cut(lines.Text(), "the page is at "); ok {
				said <- at
			}
			fmt.Fprintln(os.Stderr, lines.Text())
		}
		close(said)
	}()
	var ok bool
	if recorder.page, ok = <-said; ok {
		code = run()
		go func() {
			for range said { // until it has said all
			}
		}()
	}
	if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
		return 1, err
	}
	if err := daemon.Wait(); err != nil || !ok {
		return 1, fmt.Errorf("vexjd: %w", err)
	}
	return code, nil
}
