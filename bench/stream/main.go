// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
	"time"
)

var (
	subscribers = flag.Int("subscribers", 1000, "`number` of subscribers")
	rate        = flag.Int("rate", 50_000, "records a `second`")
	length      = flag.Duration("time", time.Minute, "for how `long`")
	period      = flag.Duration("period", 0, "how often the journal is looked at; 0: the default")
	profile     = flag.String("profile", "", "`file` for a CPU profile of the recorder, and one with .subscribers")
	role        = flag.String("role", "", "")
	dir         = flag.String("dir", "", "")
)

func main() {
	flag.Parse()
	var err error
	switch *role {
	case "recorder":
		err = recorder()
	case "subscribers":
		err = load()
	default:
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stream:", err)
		os.Exit(1)
	}
}

// Usage is what a process took.
type usage struct {
	CPU      float64 // seconds
	Resident uint64  // bytes, at most
}

type recorded struct {
	usage
	Alone   float64 // CPUs that making and journaling took
	Records uint64
	Held    uint64 // bytes, by streams
	Missed  uint64
}

type received struct {
	usage
	Delivered, Missed, Gaps uint64
	P50, P90, P99, Max      float64 // ms
	Subscribers             int
}

// aloneAtMost is enough to know what it costs without subscribers.
const aloneAtMost = 10 * time.Second

// note tells who waits what goes on.
func note(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func run() error {
	base, err := os.MkdirTemp("/var/tmp", "vexj-stream")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	var alone, rec recorded
	short := min(*length, aloneAtMost)
	note("making and journaling the records alone, %v", short)
	if err := pair(filepath.Join(base, "a"), 0, short, &alone, nil); err != nil {
		return err
	}
	var got received
	note("with %d subscribers, %v", *subscribers, *length)
	if err := pair(filepath.Join(base, "b"), *subscribers, *length, &rec, &got); err != nil {
		return err
	}
	rec.Alone = alone.CPU / short.Seconds()
	show(rec, got)
	if want := expected(rec.Records); got.Delivered+got.Missed != want {
		return fmt.Errorf("filters take %d records; %d came, and of %d subscribers were told", want, got.Delivered, got.Missed)
	}
	if rec.Missed != got.Missed {
		return fmt.Errorf("the recorder counts %d records as missed, subscribers were told of %d", rec.Missed, got.Missed)
	}
	return nil
}

// expected is how many deliveries the records make.
func expected(records uint64) (n uint64) {
	var of [kinds][values]uint64
	for i := range *subscribers {
		kind, want := filterOf(i)
		of[kind][want]++
	}
	for r := uint64(1); r <= records; r++ {
		for kind := range kinds {
			n += of[kind][value(kind, r)]
		}
	}
	return n
}

// pair runs a recorder, and subscribers if there are to be any.
func pair(dir string, subscribers int, length time.Duration, rec *recorded, got *received) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	r, err := start("recorder", dir, subscribers, length)
	if err != nil {
		return err
	}
	defer r.kill()
	if _, err := r.out.ReadString('\n'); err != nil { // it listens
		return fmt.Errorf("the recorder did not begin: %w", err)
	}
	var s *process
	if subscribers > 0 {
		if s, err = start("subscribers", dir, subscribers, length); err != nil {
			return err
		}
		defer s.kill()
		if _, err := s.out.ReadString('\n'); err != nil { // all are subscribed
			return fmt.Errorf("the subscribers did not begin: %w", err)
		}
	}
	if _, err := io.WriteString(r.in, "go\n"); err != nil {
		return err
	}
	if _, err := r.out.ReadString('\n'); err != nil { // all is appended
		return fmt.Errorf("the recorder failed: %w", err)
	}
	if s != nil {
		if err := s.end(got); err != nil {
			return fmt.Errorf("subscribers: %w", err)
		}
	}
	return r.end(rec)
}

// A process is this program in a role. It says when it is ready, does its part when
// told to, and ends with its figures when its input does.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(role, dir string, subscribers int, length time.Duration) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-role", role, "-dir", dir, "-subscribers", fmt.Sprint(subscribers), "-rate", fmt.Sprint(*rate),
		"-time", length.String(), "-period", period.String(), "-profile", *profile)
	cmd.Stderr = os.Stderr
	p := &process{cmd: cmd}
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	return p, cmd.Start()
}

func (p *process) end(v any) error {
	if err := p.in.Close(); err != nil {
		return err
	}
	err := json.NewDecoder(p.out).Decode(v)
	return errors.Join(err, p.cmd.Wait())
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func show(rec recorded, got received) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	seconds := length.Seconds()
	fmt.Fprintf(w, "subscribers\t%d\n", got.Subscribers)
	fmt.Fprintf(w, "records\t%d\t%.0f/s\n", rec.Records, float64(rec.Records)/seconds)
	fmt.Fprintf(w, "delivered\t%d\t%.0f/s\n", got.Delivered, float64(got.Delivered)/seconds)
	fmt.Fprintf(w, "missed, and told\t%d\tin %d gaps\n", got.Missed, got.Gaps)
	fmt.Fprintf(w, "delay\tp50 %.2f ms\tp90 %.2f ms\tp99 %.2f ms\tmax %.1f ms\n", got.P50, got.P90, got.P99, got.Max)
	fmt.Fprintf(w, "recorder\t%.0f MiB resident\t%.0f MiB held by streams\n", mib(rec.Resident), mib(rec.Held))
	fmt.Fprintf(w, "\t%.2f CPUs\tof these %.2f to make and journal the records\t%.2f µs a delivery\n", rec.CPU/seconds, rec.Alone,
		(rec.CPU-rec.Alone*seconds)*1e6/float64(max(got.Delivered, 1)))
	fmt.Fprintf(w, "subscribers' process\t%.0f MiB resident\t%.2f CPUs\n", mib(got.Resident), got.CPU/seconds)
	w.Flush()
}

func mib(n uint64) float64 { return float64(n) / (1 << 20) }
