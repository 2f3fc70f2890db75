// SPDX-License-Identifier: Apache-2.0

package distance

func init() { sets["neon"] = &neon }
