// SPDX-License-Identifier: Apache-2.0

// Package emission checks and stamps the records that programs make themselves:
// of agents, graphs, vectors, semantics and observability. Its rules are those of the
// kernel module's write(2), which vexj.h has under THE DEVICE: what the kernel alone
// makes is refused, and so is another's agent or session. Who wrote a record is
// stamped from what the kernel says of the peer.
package emission
