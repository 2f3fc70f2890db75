// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"vexj/uapi"
)

// A workload makes records as a few busy processes would: each opens a file of
// a tree, reads or writes it in pieces and closes it.
type workload struct {
	random *rand.Rand
	files  []workFile
	procs  []*workProc
	cpuSeq [2]uint64
	build  *uapi.Builder
	number uint64 // global_sequence of the last record
	ktime  uint64
}

type workFile struct {
	path string
	file uapi.File
}

type workProc struct {
	task uapi.Task
	pid  uint32
	file *workFile
	left int
	off  int64
}

const testIDBase = uint64(uapi.ProducerTest) << 56

func newWorkload(seed uint64) *workload {
	w := &workload{random: rand.New(rand.NewPCG(seed, 1)), build: uapi.NewBuilder(nil), ktime: 1e12}
	dirs := []string{"/srv/checkout"}
	words := []string{"internal", "cmd", "runtime", "testdata", "net", "http", "compile", "ssa", "syscall", "x", "vendor", "crypto"}
	for len(dirs) < 200 {
		dirs = append(dirs, dirs[w.random.IntN(len(dirs))]+"/"+words[w.random.IntN(len(words))])
	}
	for i := range 5000 {
		w.files = append(w.files, workFile{
			path: fmt.Sprintf("%s/%s_%s%d.go", dirs[w.random.IntN(len(dirs))], words[w.random.IntN(len(words))], words[w.random.IntN(len(words))], i%100),
			file: uapi.File{DevMajor: 254, Inode: 1<<20 + uint64(i)*7, Generation: w.random.Uint32(), Mode: 0o100644,
				Size: uint64(w.random.IntN(1 << 16)), Nlink: 1},
		})
	}
	for i := range 4 {
		p := &workProc{pid: 1000 + uint32(i)*13}
		p.task = uapi.Task{TID: p.pid, PPID: 900, UID: 1000, GID: 1000, StartTime: 1e11 + uint64(i)*7919e3, CgroupID: 4711, MntNS: 4026531841, PidNS: 4026531836}
		copy(p.task.Comm[:], []string{"git", "compile", "rm", "worker-thread"}[i])
		w.procs = append(w.procs, p)
	}
	return w
}

// next returns a record, which is overwritten by the one after it.
func (w *workload) next() uapi.Record {
	w.number++
	w.ktime += 300 + w.random.Uint64N(2000)
	cpu := w.random.IntN(2)
	w.cpuSeq[cpu]++
	p := w.procs[w.random.IntN(2)*2+cpu]
	t, io := p.step(w)
	b, id := w.build, testIDBase+w.number
	b.Begin(uapi.Header{
		EventID: id, Type: t, Ktime: w.ktime, Sequence: w.cpuSeq[cpu], CPU: uint32(cpu), PID: p.pid,
		GlobalSequence: w.number, Priority: uapi.PriorityNormal, RootCause: id, VisibilityMask: ^uint64(0),
	})
	b.AddTask(p.task)
	b.AddIO(io)
	b.AddFile(p.file.file)
	b.AddString(uapi.AttrPath, p.file.path)
	rec, err := b.Finish()
	if err != nil {
		panic(err)
	}
	return rec
}

func (p *workProc) step(w *workload) (uapi.Type, uapi.IO) {
	io := uapi.IO{Offset: -1, Duration: 400 + w.random.Uint64N(3000)}
	if p.left == 0 {
		p.file, p.left, p.off = &w.files[w.random.IntN(len(w.files))], 2+w.random.IntN(8), 0
		io.Result = 3 + int64(w.random.IntN(30))
		return uapi.FSOpen, io
	}
	p.left--
	if p.left == 0 {
		return uapi.FSClose, io
	}
	n := 1 + w.random.Uint64N(4096)
	io.Offset, io.Length, io.Result = p.off, 4096, int64(n)
	p.off += int64(n)
	if p.pid%2 == 0 {
		return uapi.FSRead, io
	}
	p.file.file.Size = max(p.file.file.Size, uint64(p.off))
	return uapi.FSWrite, io
}

// records returns n records, one after the other in one piece of memory.
func (w *workload) records(n int) [][]byte {
	var all []byte
	ends := make([]int, 0, n)
	for range n {
		all = append(all, w.next()...)
		ends = append(ends, len(all))
	}
	recs, at := make([][]byte, 0, n), 0
	for _, end := range ends {
		recs = append(recs, all[at:end:end])
		at = end
	}
	return recs
}

// fill makes a journal of n records in dir and returns them.
func fill(t testing.TB, dir string, n int, o Options) [][]byte {
	t.Helper()
	recs := newWorkload(1).records(n)
	w, err := Create(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, rec := range recs {
		ordinal, err := w.Append(rec)
		if err != nil {
			t.Fatal(err)
		}
		if ordinal != uint64(i)+1 {
			t.Fatalf("record %d has ordinal %d", i, ordinal)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return recs
}
