// SPDX-License-Identifier: Apache-2.0

package bpf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/cilium/ebpf"
)

// ErrDcache: the kernel's dentry hash table was not found, so that paths of
// calls by name cannot be walked.
var ErrDcache = errors.New("the kernel's dentry hash table was not found")

// dcache is where the kernel's table of names lies (fs/dcache.c).
type dcache struct {
	table uint64 // address of the first bucket
	shift uint32 // hash >> shift is the bucket
}

// Symbols of the table, and of a function that uses it. A kernel without symbols
// of its data (CONFIG_KALLSYMS_ALL) has the two values in its code if they were
// patched into it as constants (6.12 and newer, asm/runtime-const.h).
const (
	symTable  = "dentry_hashtable"
	symShift  = "d_hash_shift"
	symLookup = "__d_lookup"
)

// findDcache looks the table up in the kernel's symbols and memory. Whether it
// is the right one shows when a walk is tried.
func findDcache(peek *peeker) (dcache, error) {
	syms, err := kernelSymbols(symTable, symShift, symLookup)
	if err != nil {
		return dcache{}, err
	}
	var d dcache
	switch {
	case syms[symTable] != 0 && syms[symShift] != 0:
		var shift uint64
		if d.table, err = peek.read(syms[symTable]); err == nil {
			shift, err = peek.read(syms[symShift])
		}
		d.shift = uint32(shift)
	case syms[symLookup] != 0:
		d, err = dcacheInCode(peek, syms[symLookup])
	default:
		err = fmt.Errorf("%w: no symbol of it in /proc/kallsyms (is kernel.kptr_restrict above 1?)", ErrDcache)
	}
	if err != nil {
		return d, err
	}
	if !kernelPointer(d.table) || d.shift == 0 || d.shift > 31 {
		return d, fmt.Errorf("%w: %#x >> %d makes no sense", ErrDcache, d.table, d.shift)
	}
	return d, nil
}

func kernelPointer(a uint64) bool { return a>>47 == 1<<17-1 }

// dcacheInCode finds the constants in the first bytes of the lookup: a movabs of
// a kernel address into a register, and behind it a shr of a 32-bit register.
func dcacheInCode(peek *peeker, function uint64) (dcache, error) {
	code := make([]byte, 0, 128)
	for len(code) < cap(code) {
		word, err := peek.read(function + uint64(len(code)))
		if err != nil {
			return dcache{}, err
		}
		code = binary.LittleEndian.AppendUint64(code, word)
	}
	for i := 0; i+10 < len(code); i++ {
		if code[i]&^1 != 0x48 || code[i+1]&^7 != 0xb8 {
			continue
		}
		table := binary.LittleEndian.Uint64(code[i+2:])
		if !kernelPointer(table) {
			continue
		}
		for j := i + 10; j+2 < min(len(code), i+40); j++ {
			if code[j] == 0xc1 && code[j+1]&^7 == 0xe8 {
				return dcache{table: table, shift: uint32(code[j+2])}, nil
			}
		}
	}
	return dcache{}, fmt.Errorf("%w: neither a symbol of it nor its address in %s", ErrDcache, symLookup)
}

// kernelSymbols returns the addresses of those symbols that the kernel has.
func kernelSymbols(names ...string) (map[string]uint64, error) {
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDcache, err)
	}
	defer f.Close()
	want := map[string]bool{}
	for _, n := range names {
		want[n] = true
	}
	found := map[string]uint64{}
	s := bufio.NewScanner(f)
	for s.Scan() && len(found) < len(names) {
		line := s.Text()
		// address, type letter, name: the name begins at byte 19.
		if len(line) < 20 {
			continue
		}
		// A tab and a module may follow: that is not the kernel proper.
		name := line[19:]
		if !want[name] {
			continue
		}
		if a, err := strconv.ParseUint(line[:16], 16, 64); err == nil && a != 0 {
			found[name] = a
		}
	}
	return found, s.Err()
}

// peeker reads kernel memory by a program of its own.
type peeker struct{ objs peekObjects }

func newPeeker() (*peeker, error) {
	p := &peeker{}
	if err := loadPeekObjects(&p.objs, nil); err != nil {
		return nil, loadError("peek", err)
	}
	return p, nil
}

func (p *peeker) ask(addr uint64) (peekAnswer, error) {
	var a peekAnswer
	args := [12]uint64{addr}
	if _, err := p.objs.Peek.Run(&ebpf.RunOptions{Context: args}); err != nil {
		return a, fmt.Errorf("running a program once: %w", err)
	}
	err := p.objs.Said.Get(&a)
	return a, err
}

func (p *peeker) read(addr uint64) (uint64, error) {
	a, err := p.ask(addr)
	if err == nil && a.Error != 0 {
		err = fmt.Errorf("%w: kernel memory at %#x cannot be read", ErrDcache, addr)
	}
	return a.Bytes, err
}

// tgid returns the caller's process id in the initial namespace.
func (p *peeker) tgid() (uint32, error) {
	a, err := p.ask(0)
	return a.Tgid, err
}

func (p *peeker) Close() error { return p.objs.Close() }
