// SPDX-License-Identifier: Apache-2.0

// Vexjctl records what processes do to files and reads the journal of it.
//
//	vexjctl run -- make          what did that do?
//	vexjctl record               everything, until ^C
//	vexjctl log --path /etc/     who touched what
//	vexjctl verify               is the journal whole, and what was lost?
//	vexjctl doctor               what can be captured on this machine?
//
// Each verb has a file of its own. The man page vexjctl(8) specifies the output
// that scripts may rely on, and the exit codes.
package main
