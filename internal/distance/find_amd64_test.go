// SPDX-License-Identifier: Apache-2.0

package distance

func init() {
	if hasNarrow() {
		sets["avx2"] = &narrow
	}
	if hasWide() {
		sets["avx512"] = &wide
	}
}
