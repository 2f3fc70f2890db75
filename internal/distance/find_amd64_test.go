// SPDX-License-Identifier: Apache-2.0

package distance

func init() {
	if hasNarrow() {
		sets["avx2"], limits["avx2"] = &narrow, &narrowWithin
	}
	if hasWide() {
		sets["avx512"], limits["avx512"] = &wide, &wideWithin
	}
}
