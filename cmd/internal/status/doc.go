// SPDX-License-Identifier: Apache-2.0

// Package status lets running recorders be asked how they are.
//
// Each recorder listens on a Unix socket of its own, <pid>.sock in the run-time
// folder (see package place). Whoever connects gets one Snapshot as JSON and
// the end of the stream. The folder has mode 0700 and the socket 0600, so only
// the recorder's own user and root can ask. A socket cannot be stale: when its
// recorder is gone, nobody answers.
package status
