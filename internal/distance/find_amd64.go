// SPDX-License-Identifier: Apache-2.0

package distance

import "golang.org/x/sys/cpu"

//go:generate go -C gen run . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg distance

// narrow has the kernels for AVX2, wide those for AVX-512.
var (
	narrow = [ops][elems]Kernel{
		L2:      {Float32: narrowL2Float32, Float16: narrowL2Float16, Int8: narrowL2Int8, Int16: narrowL2Int16, Uint8: narrowL2Uint8},
		Dot:     {Float32: narrowDotFloat32, Float16: narrowDotFloat16, Int8: narrowDotInt8, Int16: narrowDotInt16},
		L1:      {Float32: narrowL1Float32, Float16: narrowL1Float16, Int8: narrowL1Int8, Int16: narrowL1Int16, Uint8: narrowL1Uint8},
		Norm:    {Float32: narrowNormFloat32, Float16: narrowNormFloat16, Int8: narrowNormInt8, Int16: narrowNormInt16},
		Hamming: {Binary: narrowHammingBinary},
	}
	wide = [ops][elems]Kernel{
		L2:      {Float32: wideL2Float32, Float16: wideL2Float16, Int8: wideL2Int8, Int16: wideL2Int16, Uint8: wideL2Uint8},
		Dot:     {Float32: wideDotFloat32, Float16: wideDotFloat16, Int8: wideDotInt8, Int16: wideDotInt16},
		L1:      {Float32: wideL1Float32, Float16: wideL1Float16, Int8: wideL1Int8, Int16: wideL1Int16, Uint8: wideL1Uint8},
		Norm:    {Float32: wideNormFloat32, Float16: wideNormFloat16, Int8: wideNormInt8, Int16: wideNormInt16},
		Hamming: {Binary: wideHammingBinary},
	}
	narrowWithin = [ops][elems]Kernel{L2: {Float32: narrowL2Float32Within}, L1: {Float32: narrowL1Float32Within}}
	wideWithin   = [ops][elems]Kernel{L2: {Float32: wideL2Float32Within}, L1: {Float32: wideL1Float32Within}}
)

func hasNarrow() bool {
	// F16C has no flag there; every processor with AVX2 has it.
	return cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasPOPCNT
}

func hasWide() bool {
	x := &cpu.X86
	return hasNarrow() && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512VNNI && x.HasAVX512VPOPCNTDQ
}

func init() {
	switch {
	case hasWide():
		found, limited, level = wide, wideWithin, "avx512"
	case hasNarrow():
		found, limited, level = narrow, narrowWithin, "avx2"
	}
}
