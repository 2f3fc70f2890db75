// SPDX-License-Identifier: Apache-2.0

package conformance

import "debug/elf"

const machine = elf.EM_X86_64

var (
	exits = program{ // exit_group(7)
		0xbf, 7, 0, 0, 0, // mov edi, 7
		0xb8, 231, 0, 0, 0, // mov eax, exit_group
		0x0f, 0x05, // syscall
	}
	dies = program{ // kill(getpid(), SIGKILL)
		0xb8, 39, 0, 0, 0, // mov eax, getpid
		0x0f, 0x05, // syscall
		0x89, 0xc7, // mov edi, eax
		0xbe, 9, 0, 0, 0, // mov esi, SIGKILL
		0xb8, 62, 0, 0, 0, // mov eax, kill
		0x0f, 0x05, // syscall
		0xeb, 0xfe, // jmp .
	}
	makesDirectory = program{ // exit_group(mkdirat(AT_FDCWD, argv[1], 0700) != 0)
		0xbf, 0x9c, 0xff, 0xff, 0xff, // mov edi, AT_FDCWD
		0x48, 0x8b, 0x74, 0x24, 16, // mov rsi, [rsp + 16]
		0xba, 0xc0, 1, 0, 0, // mov edx, 0700
		0xb8, 2, 1, 0, 0, // mov eax, mkdirat
		0x0f, 0x05, // syscall
		0x31, 0xff, // xor edi, edi
		0x85, 0xc0, // test eax, eax
		0x40, 0x0f, 0x95, 0xc7, // setne dil
		0xb8, 231, 0, 0, 0, // mov eax, exit_group
		0x0f, 0x05, // syscall
	}
)
