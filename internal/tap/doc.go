// SPDX-License-Identifier: Apache-2.0

// Package tap makes a conformance.Capture of a producer in the kernel: it
// follows the processes of one row after the other and drains the rings, with
// the producer at work all the time.
package tap
