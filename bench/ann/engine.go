// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

var engineNames = []string{"vexj-f32", "vexj-sq8", "vexj-mapped", "hnswlib", "faiss", "faiss-sq8"}

// line is what an engine prints: once when it has built, then for each ef.
type line struct {
	Build    float64 `json:"build"` // seconds
	BuildCPU float64 `json:"build_cpu"`
	Anon     int64   `json:"anon"` // bytes
	File     int64   `json:"file"`

	Ef   int      `json:"ef"`
	Wall float64  `json:"wall"` // seconds for all queries
	CPU  float64  `json:"cpu"`
	IDs  []uint32 `json:"ids"` // k for each query
}

// outcome is what came of an engine.
type outcome struct {
	engine string
	built  line
	points []point
}

type point struct {
	ef     int
	recall float64
	rate   float64 // searches a second of processor time
	wall   float64 // searches a second
}

func (b *bench) engine(name string, s *set) (*outcome, error) {
	cmd, err := b.command(name, s)
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	o := &outcome{engine: name}
	sc := bufio.NewScanner(out)
	sc.Buffer(nil, 1<<24)
	for sc.Scan() {
		var l line
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("%w in %q", err, sc.Text()[:min(80, len(sc.Text()))])
		}
		if l.Ef == 0 {
			o.built = l
			continue
		}
		o.points = append(o.points, point{l.Ef, s.recall(l.IDs), float64(s.nq) / l.CPU, float64(s.nq) / l.Wall})
	}
	return o, cmd.Wait()
}

func (b *bench) command(name string, s *set) (*exec.Cmd, error) {
	efs := strings.Trim(strings.ReplaceAll(fmt.Sprint(b.efs), " ", ","), "[]")
	args := []string{s.base, s.queries}
	for _, n := range []int{s.dims, s.n, s.nq, k, m, ef, b.threads, b.rounds} {
		args = append(args, strconv.Itoa(n))
	}
	args = append(args, efs)
	if strings.HasPrefix(name, "vexj-") {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), taskEnv+"="+name+" "+strings.Join(args, " "))
		return cmd, nil
	}
	path, err := b.peer(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "OPENBLAS_NUM_THREADS=1")
	return cmd, nil
}

// recall is the share of the true neighbours that were found.
func (s *set) recall(ids []uint32) float64 {
	hit := 0
	for q := range s.nq {
		truth := s.truth[q*k : (q+1)*k]
		for _, id := range ids[q*k : (q+1)*k] {
			if slices.Contains(truth, id) {
				hit++
			}
		}
	}
	return float64(hit) / float64(s.nq*k)
}

// at is the rate at a recall, which is exact if an ef gives it, and interpolated
// between two otherwise. If the smallest ef finds more it is that one's.
func (o *outcome) at(recall float64) (rate float64, ok bool) {
	for i, p := range o.points {
		if p.recall < recall {
			continue
		}
		if i == 0 {
			return p.rate, true
		}
		a := o.points[i-1]
		w := (recall - a.recall) / (p.recall - a.recall)
		return math.Exp(math.Log(a.rate)*(1-w) + math.Log(p.rate)*w), true
	}
	return 0, false
}

const mega = 1 << 20

func (o *outcome) print() {
	fmt.Printf("  %-12s build %7.2f s (%7.2f s of processor)  memory %7.1f MiB and %7.1f of files\n", o.engine, o.built.Build, o.built.BuildCPU,
		float64(o.built.Anon)/mega, float64(o.built.File)/mega)
	for _, p := range o.points {
		fmt.Printf("    ef %3d  recall %.4f  %8.0f/s of processor  %8.0f/s\n", p.ef, p.recall, p.rate, p.wall)
	}
}

// compare prints the ratios that vexj aims at.
func compare(all []*outcome) {
	find := func(name string) *outcome {
		for _, o := range all {
			if o.engine == name {
				return o
			}
		}
		return nil
	}
	fmt.Printf("  %-12s %12s %12s %10s %10s\n", "", "at 0.95", "at 0.99", "build", "memory")
	for _, o := range all {
		fmt.Printf("  %-12s %12s %12s %10.2f %10.1f\n", o.engine, rate(o, 0.95), rate(o, 0.99), o.built.BuildCPU, float64(o.built.Anon)/mega)
	}
	lib := find("hnswlib")
	for _, name := range []string{"vexj-f32", "vexj-sq8", "vexj-mapped"} {
		o := find(name)
		if o == nil || lib == nil {
			continue
		}
		fmt.Printf("  %s: searches %s of hnswlib's at 0.95, %s at 0.99", name, ratio(o, lib, 0.95), ratio(o, lib, 0.99))
		if f, s := find("faiss"), find("faiss-sq8"); f != nil && s != nil {
			fmt.Printf("; of FAISS' %s and %s, of its SQ8's %s and %s", ratio(o, f, 0.95), ratio(o, f, 0.99), ratio(o, s, 0.95), ratio(o, s, 0.99))
		}
		fmt.Printf("; build %.2f (wall %.2f), memory %.2f\n", o.built.BuildCPU/lib.built.BuildCPU, o.built.Build/lib.built.Build, float64(o.built.Anon)/float64(lib.built.Anon))
	}
}

func rate(o *outcome, recall float64) string {
	if r, ok := o.at(recall); ok {
		return fmt.Sprintf("%.0f/s", r)
	}
	return "not reached"
}

func ratio(a, b *outcome, recall float64) string {
	x, ok := a.at(recall)
	y, ok2 := b.at(recall)
	switch {
	case ok && ok2:
		return fmt.Sprintf("%.2f", x/y)
	case ok:
		return "(alone)"
	}
	return "(not reached)"
}
