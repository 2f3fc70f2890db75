// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"golang.org/x/sys/unix"

	"vexj/agent/server"
	"vexj/agent/stream"
	"vexj/uapi"
	"vexj/userjournal"
)

// kinds of filters, and different ones of each.
const (
	kinds     = 5
	processes = 3
	values    = 100
)

// value is by which the record n is told apart by filters of the kind: one of a
// hundred, the same for none of the other kinds.
func value(kind int, n uint64) uint64 {
	n *= 0x9e3779b97f4a7c15
	n ^= n >> 29
	n *= 0xbf58476d1ce4e5b9 + 2*uint64(kind)
	return (n >> 32) % values
}

func recorder() (err error) {
	journal := filepath.Join(*dir, "journal")
	w, err := userjournal.CreateSet(journal, nil, userjournal.Options{})
	if err != nil {
		return err
	}
	set, err := userjournal.OpenSet(journal)
	if err != nil {
		return err
	}
	hub := stream.New(stream.Options{Journal: set, Writer: w, Period: *period, Notice: func(s string) { fmt.Fprintln(os.Stderr, s) }})
	policy := server.DefaultPolicy()
	policy.Users = map[uint32]server.Grant{uint32(os.Geteuid()): {Scopes: server.ScopeAll, Mask: ^uint64(0),
		Limits: server.Limits{Requests: server.Unlimited, Events: server.Unlimited, Streams: server.Unlimited}}}
	s := server.New(server.Options{Policy: policy, MaxConns: 10_000})
	hub.Routes(s)
	l, err := server.Listen(filepath.Join(*dir, "s"), policy.Socket)
	if err != nil {
		return err
	}
	go func() { _ = s.Serve(l) }()
	fmt.Println("listening")
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	if *profile != "" && *subscribers > 0 {
		stop, err := beginProfile(*profile)
		if err != nil {
			return err
		}
		defer stop()
	}
	before := used()
	n, err := generate(w)
	if err != nil {
		return err
	}
	fmt.Println("appended")
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	total := hub.Stats(0, true).Total
	r := recorded{usage: used(), Records: n, Held: total.Memory, Missed: total.Missed}
	r.CPU -= before.CPU
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return errors.Join(w.Flush(), hub.Close(), s.Close(ctx), w.Close(), set.Close())
}

func beginProfile(name string) (stop func(), err error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, pprof.StartCPUProfile(f)
}

// generate appends records at the rate, a millisecond's worth at a time.
func generate(w *userjournal.SetWriter) (n uint64, err error) {
	g := generator{b: uapi.NewBuilder(nil), base: uapi.IDBase(uapi.ProducerTest, time.Now().UnixNano())}
	start := time.Now()
	for {
		since := time.Since(start)
		if since >= *length {
			return n, nil
		}
		for due := uint64(since.Seconds() * float64(*rate)); n < due; {
			n++
			rec, err := g.record(n)
			if err == nil {
				_, err = w.Append(rec)
			}
			if err != nil {
				return n, err
			}
		}
		time.Sleep(time.Millisecond)
	}
}

type generator struct {
	b    *uapi.Builder
	base uint64
	path []byte
}

// record makes one like those that a kernel producer makes of a write.
func (g *generator) record(n uint64) (uapi.Record, error) {
	id := g.base + n
	pid := uint32(1000 + value(processes, n))
	g.b.Begin(uapi.Header{EventID: id, Type: uapi.FSWrite, Ktime: boottime(), PID: pid, Sequence: n, GlobalSequence: n,
		Priority: uapi.PriorityNormal, RootCause: id, VisibilityMask: ^uint64(0)})
	t := uapi.Task{TID: pid, PPID: 1, UID: uint32(2000 + value(4, n)), GID: 100, StartTime: 1e9, CgroupID: 7}
	copy(t.Comm[:], "worker")
	g.b.AddTask(t)
	g.b.AddIO(uapi.IO{Offset: int64(n), Length: 4096, Result: 4096, Duration: 1500})
	g.b.AddFile(uapi.File{Inode: n % 100_000, Mode: 0o100644, Size: 1 << 20, Nlink: 1})
	g.path = fmt.Appendf(g.path[:0], "/srv/project%d/src/main/file%d.go", value(2, n), n%1000)
	g.b.AddBytes(uapi.AttrPath, g.path)
	g.path = fmt.Appendf(g.path[:0], "agent-%d", value(0, n))
	g.b.AddBytes(uapi.AttrAgentID, g.path)
	g.b.AddU64(uapi.AttrSession, 1+value(1, n))
	return g.b.Finish()
}

// boottime is CLOCK_BOOTTIME, but for a suspend during the run. Asked for each record
// and each read it must not be a system call, which this clock is here: that took a fifth
// of the recorder's time.
func boottime() uint64 { return beganAt + uint64(time.Since(began)) }

var began, beganAt = time.Now(), func() uint64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &t)
	return uint64(t.Nano())
}()

func used() usage {
	var r unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &r)
	return usage{CPU: float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9, Resident: uint64(r.Maxrss) << 10}
}
