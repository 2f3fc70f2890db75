// SPDX-License-Identifier: Apache-2.0

// Package held starts a command that waits at its very beginning, so that a
// capture of its process can be armed before its first instruction.
//
// The parent starts its own binary once more. That child says that it is there
// (a byte in one pipe), blocks in one read of another and, released, becomes
// the command by execve, keeping its process id. Between the byte and the
// execve it makes no other system call of its own. If the parent dies first,
// the child ends without running anything.
package held
