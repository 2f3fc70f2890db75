// SPDX-License-Identifier: Apache-2.0

package userjournal

import "testing"

// For the tests that need errorfs, which imports this package.

func SomeRecords(n int) [][]byte { return newWorkload(1).records(n) }

func ScanAll(t testing.TB, dir string) (recs [][]byte, ordinals []uint64) {
	t.Helper()
	return scanAll(t, open(t, dir), ScanOptions{})
}

var (
	Verify = verify
	Equal  = equal
	Spoil  = spoil
)
