// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"debug/elf"
	"encoding/binary"
)

const machine = elf.EM_AARCH64

var (
	exits = instructions( // exit_group(7)
		0xd28000e0, // mov x0, #7
		0xd2800bc8, // mov x8, #exit_group
		0xd4000001, // svc #0
	)
	dies = instructions( // kill(getpid(), SIGKILL)
		0xd2801588, // mov x8, #getpid
		0xd4000001, // svc #0
		0xd2800121, // mov x1, #SIGKILL
		0xd2801028, // mov x8, #kill
		0xd4000001, // svc #0
		0x14000000, // b .
	)
	makesDirectory = instructions( // exit_group(mkdirat(AT_FDCWD, argv[1], 0700) != 0)
		0x92800c60, // mov x0, #AT_FDCWD
		0xf9400be1, // ldr x1, [sp, #16]
		0xd2803802, // mov x2, #0700
		0xd2800448, // mov x8, #mkdirat
		0xd4000001, // svc #0
		0xf100001f, // cmp x0, #0
		0x9a9f07e0, // cset x0, ne
		0xd2800bc8, // mov x8, #exit_group
		0xd4000001, // svc #0
	)
)

func instructions(words ...uint32) (p program) {
	for _, w := range words {
		p = binary.LittleEndian.AppendUint32(p, w)
	}
	return p
}
