// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bufio"
	"errors"
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

// A daemon is a vexjd that records for real, behind a day that ends now.
type daemon struct {
	dir     string
	address string // to listen on
	page    string // the address of the page, with the token
	work    string // what is done in this folder is recorded
	cmd     *exec.Cmd
}

// The recorder that all tests look at.
var recorder daemon

const token = "what the page asks for"

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := withRecorder(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withRecorder(run func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "vexj-browser")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	d := &recorder
	*d = daemon{dir: dir, address: "127.0.0.1:0", work: filepath.Join(dir, "work")}
	build := exec.Command("go", "build", "-C", "../../../..", "-o", d.in("vexjd"), "./cmd/vexjd")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("%w: %s", err, out)
	}
	// Tests ask more in a minute than a person would.
	policy := "user root scopes=all mask=all requests=unlimited streams=unlimited\n"
	err = errors.Join(os.Mkdir(d.work, 0o755), os.WriteFile(d.in("token"), []byte(token), 0o600),
		os.WriteFile(d.in("policy"), []byte(policy), 0o600), tale.WriteDay(d.in("journal"), 7, *records, time.Now().Add(-tale.DayLength)))
	if err != nil {
		return 1, err
	}
	if err := d.start(); err != nil {
		return 1, err
	}
	return run(), d.stop()
}

func (d *daemon) in(name string) string { return filepath.Join(d.dir, name) }

// start returns when the page is there.
func (d *daemon) start() error {
	d.cmd = exec.Command(d.in("vexjd"), "--web", d.address, "--web-token", d.in("token"), "--path", d.work)
	d.cmd.Env = append(os.Environ(), "VEXJ_RUN_DIR="+d.in("run"), "VEXJ_JOURNAL="+d.in("journal"), "VEXJ_POLICY="+d.in("policy"))
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := d.cmd.Start(); err != nil {
		return err
	}
	said := make(chan string, 1)
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			fmt.Fprintln(os.Stderr, lines.Text())
			if _, at, ok := strings.Cut(lines.Text(), "the page is at "); ok {
				said <- at
			}
		}
	}()
	at, ok := <-said
	if !ok {
		return fmt.Errorf("vexjd: %w", d.cmd.Wait())
	}
	d.page = at + "?token=" + strings.ReplaceAll(token, " ", "+")
	d.address = strings.Trim(strings.TrimPrefix(at, "http:"), "/")
	return nil
}

func (d *daemon) stop() error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := d.cmd.Wait(); err != nil {
		return fmt.Errorf("vexjd: %w", err)
	}
	return nil
}
