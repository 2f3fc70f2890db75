// SPDX-License-Identifier: Apache-2.0

// Package tale writes a small journal of two agents on one tree, for tests of the
// doors by which journals are asked: once whole, and once without what a reader may
// not see. A door that answers both in the same way gives nothing away. A [Day] is a
// long one, of any size, for what has to be looked at.
package tale
