// SPDX-License-Identifier: Apache-2.0

// Package latency counts how long things took, in histograms that cost a shift and an
// increment for each observation: no lock, no allocation, no call through an interface.
//
// Both kinds have the same buckets, powers of two of a microsecond. [Counts] belong
// to one goroutine, which hands copies of them on; a [Histogram] may be added to and
// read by any.
package latency
