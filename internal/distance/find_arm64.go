// SPDX-License-Identifier: Apache-2.0

package distance

// neon has the kernels for NEON, which every arm64 has.
var neon = [ops][elems]Kernel{
	L2:      {Float32: neonL2Float32, Float16: neonL2Float16, Int8: neonL2Int8, Int16: neonL2Int16, Uint8: neonL2Uint8},
	Dot:     {Float32: neonDotFloat32, Float16: neonDotFloat16, Int8: neonDotInt8, Int16: neonDotInt16},
	L1:      {Float32: neonL1Float32, Float16: neonL1Float16, Int8: neonL1Int8, Int16: neonL1Int16, Uint8: neonL1Uint8},
	Norm:    {Float32: neonNormFloat32, Float16: neonNormFloat16, Int8: neonNormInt8, Int16: neonNormInt16},
	Hamming: {Binary: neonHammingBinary},
}

//go:noescape
func neonL2Float32(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonDotFloat32(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonL1Float32(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonNormFloat32(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonL2Float16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonDotFloat16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonL1Float16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonNormFloat16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonL2Int8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonDotInt8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonL1Int8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonNormInt8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonL2Int16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonDotInt16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonL1Int16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonNormInt16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonL2Uint8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonL1Uint8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

//go:noescape
func neonHammingBinary(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)

// Ask asks the memory for two cache lines that are read soon.
//
//go:noescape
func Ask(a, b *byte)

func init() { found, level = neon, "neon" }
