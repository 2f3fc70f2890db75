// SPDX-License-Identifier: Apache-2.0

// Package recorder brings what a producer makes into a journal, for tests of all
// that comes behind the ring.
package recorder
