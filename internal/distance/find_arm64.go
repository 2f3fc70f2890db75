// SPDX-License-Identifier: Apache-2.0

package distance

// neon has the kernels for NEON, which every arm64 has; what it has none for is Go.
var neon = portable

//go:noescape
func neonL2Float32(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonDotFloat32(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonL1Float32(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonNormFloat32(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonL2Uint8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonL1Uint8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonHammingBinary(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

func init() {
	neon[L2][Float32], neon[Dot][Float32] = neonL2Float32, neonDotFloat32
	neon[L1][Float32], neon[Norm][Float32] = neonL1Float32, neonNormFloat32
	neon[L2][Uint8], neon[L1][Uint8] = neonL2Uint8, neonL1Uint8
	neon[Hamming][Binary] = neonHammingBinary
	found, level = neon, "neon"
}
