// SPDX-License-Identifier: Apache-2.0

package blake3

func init() {
	if hasWide() {
		hashers["wide"] = &wide
	}
}
