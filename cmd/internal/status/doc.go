// SPDX-License-Identifier: Apache-2.0

// Package status lets running recorders be asked how they are, what was recorded
// last, and to record something else from now on.
//
// Each recorder listens on a Unix socket of its own, <pid>.sock in the run-time
// folder (see package place). Whoever connects sends a Request as one line of
// JSON, or nothing and the end of its side, and gets a Reply as JSON and the end
// of the stream. The folder has mode 0700 and the socket 0600, so only the
// recorder's own user and root can ask; the recorder asks the kernel who it is
// that has connected all the same. A socket cannot be stale: when its recorder is
// gone, nobody answers.
package status
