// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
)

// A program is what a row executes, in the machine's instructions: it makes the
// row's system calls and no other, where a copy of this binary would do whatever
// its runtime and the packages that it is linked with do before main.
type program []byte

// image is the program as an executable file: its headers and then its code, in
// one segment.
func (p program) image() []byte {
	const at, headers = 0x400000, 64 + 56
	size := uint64(headers + len(p))
	h := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Entry: at + headers, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1, Shentsize: 64,
	}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	h.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	h.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	segment := elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X),
		Vaddr: at, Paddr: at, Filesz: size, Memsz: size, Align: 0x1000,
	}
	var out bytes.Buffer
	// Neither fails: a Buffer takes everything, and the structs are of fixed size.
	_ = binary.Write(&out, binary.LittleEndian, h)
	_ = binary.Write(&out, binary.LittleEndian, segment)
	out.Write(p)
	return out.Bytes()
}
