// SPDX-License-Identifier: Apache-2.0

package kmodtest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/kmod/device"
)

// How long TestFuzz goes on, and the seed that makes it do the same again, as far
// as the scheduler lets it.
const (
	fuzzEnv = "VEXJ_FUZZ"
	seedEnv = "VEXJ_SEED"
)

// Whatever root and a user without rights do to the device, its rings and their
// mappings, at once and in any order, afterwards it works, and nobody without
// rights got anything done.
func TestFuzz(t *testing.T) {
	duration := 3 * time.Second
	if s := os.Getenv(fuzzEnv); s != "" {
		var err error
		if duration, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv(seedEnv); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 0, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s=%#x", seedEnv, seed)
	nobody := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(device.Path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan string)
	var processes []*process
	actors := []*syscall.SysProcAttr{nil, nil, nobody, nobody}
	for i, attr := range actors {
		p, err := newProcess(fd, attr)
		if err != nil {
			t.Fatal(err)
		}
		processes = append(processes, p)
		go func() {
			answers <- p.ask(fmt.Sprintf("fuzz %d %d %s", seed+uint64(i), duration, filepath.Join(dir, strconv.Itoa(i))))
		}()
	}
	for range actors {
		if got := <-answers; got != "ok" {
			t.Error(got)
		}
	}
	// One of them may be the consumer still, by what they inherited too.
	for _, p := range processes {
		if err := p.end(); err != nil {
			t.Error(err)
		}
	}
	unix.Close(fd)
	until(t, "nobody has the device as its consumer", func() bool {
		d := mustOpen(t)
		defer d.Close()
		info, err := d.Info()
		return err == nil && !info.Armed()
	})
	r := begin(t, device.Options{})
	for node := range uint64(10) {
		if _, err := r.Write(sample(node, "")); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(nodes(r.drain(t))); got != 10 {
		t.Errorf("%d records of 10 afterwards", got)
	}
}

// A fuzzer is one process's.
type fuzzer struct {
	*rand.Rand
	entitled bool
	file     string // to make, write and remove
	dev      []int
	rings    []int
	maps     []mapping
	arena    []byte // what the module reads and writes
	wrong    error
}

type mapping struct {
	mem      []byte
	writable bool
}

const arenaSize = 64 << 20

// fuzz is what a helper does: SEED NANOSECONDS FILE.
func fuzz(args string) error {
	var seed uint64
	var duration time.Duration
	f := &fuzzer{entitled: os.Geteuid() == 0, dev: []int{deviceFD}}
	if _, err := fmt.Sscan(args, &seed, &duration, &f.file); err != nil {
		return err
	}
	arena, err := unix.Mmap(-1, 0, arenaSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	f.Rand, f.arena = rand.New(rand.NewPCG(seed, 0)), arena
	acts := []func(){f.open, f.close, f.consume, f.ring, f.mmap, f.munmap, f.protect, f.remap, f.corrupt, f.corrupt, f.command,
		f.command, f.command, f.write, f.write, f.poll, f.work, f.work}
	for end := time.Now().Add(duration); time.Now().Before(end) && f.wrong == nil; {
		for range 100 {
			acts[f.IntN(len(acts))]()
		}
	}
	return f.wrong
}

// refused notes that somebody without rights got something done.
func (f *fuzzer) refused(what string, err error) {
	if err == nil && !f.entitled && f.wrong == nil {
		f.wrong = fmt.Errorf("%s: done, without the right to", what)
	}
}

func (f *fuzzer) open() {
	if len(f.dev) > 4 {
		return
	}
	fd, err := unix.Open(device.Path, []int{unix.O_RDWR, unix.O_RDONLY, unix.O_WRONLY}[f.IntN(3)]|unix.O_CLOEXEC, 0)
	f.refused("open", err)
	if err == nil {
		f.dev = append(f.dev, fd)
	}
}

func (f *fuzzer) close() {
	if i := f.IntN(8); i > 0 && i < len(f.dev) {
		unix.Close(f.dev[i])
		f.dev = append(f.dev[:i], f.dev[i+1:]...)
	} else if len(f.rings) > 0 && f.IntN(4) == 0 {
		unix.Close(f.rings[0])
		f.rings = f.rings[1:]
	}
}

func (f *fuzzer) any(fds []int) int {
	if len(fds) == 0 {
		return -1
	}
	return fds[f.IntN(len(fds))]
}

func (f *fuzzer) consume() {
	sizes := []uint64{4096, 8192, 1 << 16, 0, 5000, 1 << 40}
	arg := words(uint32(0), uint32(f.IntN(3)), sizes[f.IntN(len(sizes))], uint32(f.IntN(3)*1000), uint32(0), f.Uint64(), uint64(0))
	if len(arg) != 40 {
		f.wrong = fmt.Errorf("the argument has %d bytes", len(arg))
		return
	}
	f.refused("consume", ioctl(f.any(f.dev), iocConsume, arg))
}

func (f *fuzzer) ring() {
	if len(f.rings) > 8 {
		return
	}
	cpu := uint32(f.IntN(4))
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(f.any(f.dev)), iocRing, uintptr(unsafe.Pointer(&cpu)))
	if errno == 0 {
		f.refused("ring", nil)
		f.rings = append(f.rings, int(fd))
	}
}

func (f *fuzzer) mmap() {
	if len(f.maps) > 16 {
		return
	}
	page := os.Getpagesize()
	prot := []int{unix.PROT_READ, unix.PROT_READ | unix.PROT_WRITE, unix.PROT_READ | unix.PROT_EXEC, unix.PROT_WRITE}[f.IntN(4)]
	flags := []int{unix.MAP_SHARED, unix.MAP_SHARED, unix.MAP_PRIVATE}[f.IntN(3)]
	fd := f.any(f.rings)
	if f.IntN(16) == 0 {
		fd = f.any(f.dev)
	}
	mem, err := unix.Mmap(fd, int64(f.IntN(4)*page), (1+f.IntN(40))*page, prot, flags)
	if err == nil {
		// Private pages are one's own.
		f.maps = append(f.maps, mapping{mem, prot&unix.PROT_WRITE != 0 && flags == unix.MAP_SHARED && len(mem) == page})
	}
}

func (f *fuzzer) munmap() {
	if len(f.maps) == 0 || f.IntN(2) == 0 {
		return
	}
	i := f.IntN(len(f.maps))
	unix.Munmap(f.maps[i].mem)
	f.maps = append(f.maps[:i], f.maps[i+1:]...)
}

func (f *fuzzer) protect() {
	if len(f.maps) > 0 {
		m := &f.maps[f.IntN(len(f.maps))]
		if unix.Mprotect(m.mem, unix.PROT_READ) == nil {
			m.writable = false
		}
	}
}

// remap lets a mapping grow, and moves it: by the system call, as the package
// keeps account of its own.
func (f *fuzzer) remap() {
	if len(f.maps) == 0 {
		return
	}
	m := f.maps[f.IntN(len(f.maps))]
	page := uintptr(os.Getpagesize())
	at, _, errno := unix.Syscall6(unix.SYS_MREMAP, uintptr(unsafe.Pointer(&m.mem[0])), 0, page*uintptr(1+f.IntN(40)), unix.MREMAP_MAYMOVE, 0, 0)
	if errno == 0 {
		unix.Syscall(unix.SYS_MUNMAP, at, page*40, 0)
	}
}

// corrupt scribbles on what may be written to: the consumer's page.
func (f *fuzzer) corrupt() {
	for _, m := range f.maps {
		if !m.writable {
			continue
		}
		v := []uint64{0, f.Uint64(), ^uint64(0), f.Uint64N(1 << 17), 1 << 63}[f.IntN(5)]
		binary.LittleEndian.PutUint64(m.mem[f.IntN(len(m.mem)/8)*8*f.IntN(2):], v)
	}
}

// command sends an ioctl whose argument is of zeroes, nearly right, or noise, or
// is nowhere.
func (f *fuzzer) command() {
	commands := append(append([]uintptr{}, looking...), steering...)
	command := commands[f.IntN(len(commands))]
	if command == iocConsume || command == iocRing {
		return // they have their own
	}
	size := int(command >> 16 & 0x3fff)
	arg := f.arena[:max(size, 8)]
	clear(arg)
	switch f.IntN(3) {
	case 0:
		for i := range arg {
			arg[i] = byte(f.Uint32())
		}
	case 1:
		for range 1 + f.IntN(6) {
			arg[f.IntN(len(arg))] = byte(f.IntN(4))
		}
	}
	f.point(command, arg)
	at := uintptr(unsafe.Pointer(&arg[0]))
	switch f.IntN(12) {
	case 0:
		at = []uintptr{0, 1, 4096, 1<<47 - 8, 1 << 47, 0xffff888000000000, ^uintptr(7)}[f.IntN(7)]
	case 1:
		command = uintptr(f.Uint32())
	}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(f.any(f.dev)), command, at)
	for _, s := range steering {
		if command == s && errno == 0 {
			f.refused(fmt.Sprintf("ioctl %#x", command), nil)
		}
	}
}

// point makes the pointers in an argument ones that the module may write to: into
// the arena, or nowhere.
func (f *fuzzer) point(command uintptr, arg []byte) {
	at := map[uintptr]int{iocPeek: 8, iocFilterGet: 24, iocFilterSet: 24}[command]
	if at == 0 {
		return
	}
	p := []uint64{uint64(uintptr(unsafe.Pointer(&f.arena[1<<20]))), 0, 1 << 47, 0xffff888000000000}[f.IntN(4)]
	binary.LittleEndian.PutUint64(arg[at:], p)
	if command == iocPeek && f.IntN(2) == 0 {
		binary.LittleEndian.PutUint32(arg, uint32(f.IntN(3)))
		binary.LittleEndian.PutUint64(arg[16:], f.Uint64N(32<<20))
	}
}

func (f *fuzzer) write() {
	rec := sample(f.Uint64N(100), "agent")
	switch f.IntN(4) {
	case 0:
		rec = append(rec, sample(1, "")...)
	case 1:
		rec = rec[:f.IntN(len(rec))]
	case 2:
		for range 1 + f.IntN(4) {
			rec[f.IntN(len(rec))] = byte(f.Uint32())
		}
	}
	if len(rec) > 0 {
		unix.Write(f.any(f.dev), rec)
	}
}

func (f *fuzzer) poll() {
	fds := []unix.PollFd{{Fd: int32(f.any(f.rings)), Events: unix.POLLIN}, {Fd: int32(f.any(f.dev)), Events: unix.POLLIN | unix.POLLOUT}}
	unix.Poll(fds, 0)
}

// work makes records.
func (f *fuzzer) work() {
	fd, err := unix.Open(f.file, unix.O_CREAT|unix.O_RDWR, 0o600)
	if err != nil {
		return
	}
	unix.Write(fd, f.arena[:64])
	unix.Close(fd)
	unix.Rename(f.file, f.file+"2")
	unix.Unlink(f.file + "2")
}
