// SPDX-License-Identifier: Apache-2.0

#include "textflag.h"

// Go's assembler has few vector instructions on floats: these are the others.
// Operands as in Go: d = n op m.
#define FSUB(m, n, d) WORD $(0x4ea0d400 | (m)<<16 | (n)<<5 | (d))
#define FADD(m, n, d) WORD $(0x4e20d400 | (m)<<16 | (n)<<5 | (d))
#define FABD(m, n, d) WORD $(0x6ea0d400 | (m)<<16 | (n)<<5 | (d))
#define FADDP(m, n, d) WORD $(0x6e20d400 | (m)<<16 | (n)<<5 | (d))
#define UABD(m, n, d) WORD $(0x6e207400 | (m)<<16 | (n)<<5 | (d))
#define UMLAL(m, n, d) WORD $(0x2e208000 | (m)<<16 | (n)<<5 | (d))
#define UMULL(m, n, d) WORD $(0x2e20c000 | (m)<<16 | (n)<<5 | (d))
#define UMULL2(m, n, d) WORD $(0x6e20c000 | (m)<<16 | (n)<<5 | (d))
#define SMULL(m, n, d) WORD $(0x0e20c000 | (m)<<16 | (n)<<5 | (d))
#define SMULL2(m, n, d) WORD $(0x4e20c000 | (m)<<16 | (n)<<5 | (d))
#define UADALPH(n, d) WORD $(0x6e606800 | (n)<<5 | (d))
#define UADALPB(n, d) WORD $(0x6e206800 | (n)<<5 | (d))
#define UADDLPB(n, d) WORD $(0x6e202800 | (n)<<5 | (d))
#define UADDLVS(n, d) WORD $(0x6eb03800 | (n)<<5 | (d))
#define FCVTL(n, d) WORD $(0x0e217800 | (n)<<5 | (d))
#define FCVTL2(n, d) WORD $(0x4e217800 | (n)<<5 | (d))
#define FCVTSH(n, d) WORD $(0x1ee24000 | (n)<<5 | (d))
#define SXTLB(n, d) WORD $(0x0f08a400 | (n)<<5 | (d))
#define SXTLB2(n, d) WORD $(0x4f08a400 | (n)<<5 | (d))
#define SXTLH(n, d) WORD $(0x0f10a400 | (n)<<5 | (d))
#define SXTLH2(n, d) WORD $(0x4f10a400 | (n)<<5 | (d))
#define SCVTF(n, d) WORD $(0x4e21d800 | (n)<<5 | (d))
#define CNT(n, d) WORD $(0x4e205800 | (n)<<5 | (d))

// Arguments of all: R0 query, R1 base, R2 stride, R3 rows, R4 n, R5 dims, R6 out.
#define ARGS \
	MOVD q+0(FP), R0      \
	MOVD base+8(FP), R1   \
	MOVD stride+16(FP), R2 \
	MOVD rows+24(FP), R3  \
	MOVD n+32(FP), R4     \
	MOVD dims+40(FP), R5  \
	MOVD out+48(FP), R6

// The row of this turn is R7, the query R8, what is left R9. The row after the next
// is asked for.
#define ROW \
	MOVWU (R3), R7       \
	MADD  R2, R1, R7, R7 \
	MOVD  R0, R8         \
	MOVD  R5, R9         \
	CMP   $3, R4         \
	BLT   2(PC)          \
	MOVWU 8(R3), R10     \
	CMP   $3, R4         \
	CSEL  GE, R10, ZR, R10 \
	MADD  R2, R1, R10, R10 \
	PRFM  (R10), PLDL1KEEP

#define NEXT \
	ADD  $4, R3 \
	ADD  $4, R6 \
	SUBS $1, R4 \
	BNE  row

// The four sums V0 to V3, and F16 of the rest, to (R6).
#define SUM \
	FADD(1, 0, 0)  \
	FADD(3, 2, 2)  \
	FADD(2, 0, 0)  \
	FADDP(0, 0, 0) \
	FADDP(0, 0, 0) \
	FADDS F16, F0, F0 \
	FMOVS F0, (R6)

#define ZERO \
	VEOR V0.B16, V0.B16, V0.B16 \
	VEOR V1.B16, V1.B16, V1.B16 \
	VEOR V2.B16, V2.B16, V2.B16 \
	VEOR V3.B16, V3.B16, V3.B16 \
	FMOVS ZR, F16

// Sixteen elements of the row to V4 to V7 as float32, and one to F4.
#define ROWFLOAT32 VLD1.P 64(R7), [V4.S4, V5.S4, V6.S4, V7.S4]
#define ONEFLOAT32 FMOVS.P 4(R7), F4

#define ROWFLOAT16 \
	VLD1.P 32(R7), [V12.H8, V13.H8] \
	FCVTL(12, 4)  \
	FCVTL2(12, 5) \
	FCVTL(13, 6)  \
	FCVTL2(13, 7)
#define ONEFLOAT16 \
	MOVHU.P 2(R7), R12 \
	FMOVS   R12, F4    \
	FCVTSH(4, 4)

#define WORDSTOFLOAT \
	SCVTF(4, 4) \
	SCVTF(5, 5) \
	SCVTF(6, 6) \
	SCVTF(7, 7)
#define ROWINT16 \
	VLD1.P 32(R7), [V12.H8, V13.H8] \
	SXTLH(12, 4)  \
	SXTLH2(12, 5) \
	SXTLH(13, 6)  \
	SXTLH2(13, 7) \
	WORDSTOFLOAT
#define ONEINT16 \
	MOVH.P  2(R7), R12 \
	SCVTFWS R12, F4

#define ROWINT8 \
	VLD1.P 16(R7), [V12.B16] \
	SXTLB(12, 13)  \
	SXTLB2(12, 14) \
	SXTLH(13, 4)   \
	SXTLH2(13, 5)  \
	SXTLH(14, 6)   \
	SXTLH2(14, 7)  \
	WORDSTOFLOAT
#define ONEINT8 \
	MOVB.P  1(R7), R12 \
	SCVTFWS R12, F4

// The same of the query, to V8 to V11 and F8.
#define QUERY VLD1.P 64(R8), [V8.S4, V9.S4, V10.S4, V11.S4]
#define ONEQUERY FMOVS.P 4(R8), F8

// What is added up of them.
#define ADDL2 \
	QUERY          \
	FSUB(8, 4, 4)  \
	FSUB(9, 5, 5)  \
	FSUB(10, 6, 6) \
	FSUB(11, 7, 7) \
	ADDNORM
#define ADDONEL2 \
	ONEQUERY       \
	FSUBS F8, F4, F4 \
	ADDONENORM

#define ADDDOT \
	QUERY \
	VFMLA V8.S4, V4.S4, V0.S4  \
	VFMLA V9.S4, V5.S4, V1.S4  \
	VFMLA V10.S4, V6.S4, V2.S4 \
	VFMLA V11.S4, V7.S4, V3.S4
#define ADDONEDOT \
	ONEQUERY \
	FMADDS F8, F16, F4, F16

#define ADDL1 \
	QUERY          \
	FABD(8, 4, 4)  \
	FABD(9, 5, 5)  \
	FABD(10, 6, 6) \
	FABD(11, 7, 7) \
	FADD(4, 0, 0)  \
	FADD(5, 1, 1)  \
	FADD(6, 2, 2)  \
	FADD(7, 3, 3)
#define ADDONEL1 \
	ONEQUERY          \
	FSUBS F8, F4, F4  \
	FABSS F4, F4      \
	FADDS F4, F16, F16

#define ADDNORM \
	VFMLA V4.S4, V4.S4, V0.S4 \
	VFMLA V5.S4, V5.S4, V1.S4 \
	VFMLA V6.S4, V6.S4, V2.S4 \
	VFMLA V7.S4, V7.S4, V3.S4
#define ADDONENORM FMADDS F4, F16, F4, F16

// A kernel of what the macros read and add up.
#define KERNEL(READ, READONE, ADDUP, ADDUPONE) \
	ARGS               \
row:                   \
	ROW                \
	ZERO               \
loop:                  \
	CMP  $16, R9       \
	BLT  rest          \
	READ               \
	ADDUP              \
	SUB  $16, R9       \
	B    loop          \
rest:                  \
	CBZ  R9, done      \
	READONE            \
	ADDUPONE           \
	SUB  $1, R9        \
	B    rest          \
done:                  \
	SUM                \
	NEXT               \
	RET

// func neonL2Float32(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonL2Float32(SB), NOSPLIT, $0-56
	KERNEL(ROWFLOAT32, ONEFLOAT32, ADDL2, ADDONEL2)

// func neonDotFloat32(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonDotFloat32(SB), NOSPLIT, $0-56
	KERNEL(ROWFLOAT32, ONEFLOAT32, ADDDOT, ADDONEDOT)

// func neonL1Float32(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonL1Float32(SB), NOSPLIT, $0-56
	KERNEL(ROWFLOAT32, ONEFLOAT32, ADDL1, ADDONEL1)

// func neonNormFloat32(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonNormFloat32(SB), NOSPLIT, $0-56
	KERNEL(ROWFLOAT32, ONEFLOAT32, ADDNORM, ADDONENORM)

// func neonL2Float16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonL2Float16(SB), NOSPLIT, $0-56
	KERNEL(ROWFLOAT16, ONEFLOAT16, ADDL2, ADDONEL2)

// func neonDotFloat16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonDotFloat16(SB), NOSPLIT, $0-56
	KERNEL(ROWFLOAT16, ONEFLOAT16, ADDDOT, ADDONEDOT)

// func neonL1Float16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonL1Float16(SB), NOSPLIT, $0-56
	KERNEL(ROWFLOAT16, ONEFLOAT16, ADDL1, ADDONEL1)

// func neonNormFloat16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonNormFloat16(SB), NOSPLIT, $0-56
	KERNEL(ROWFLOAT16, ONEFLOAT16, ADDNORM, ADDONENORM)

// func neonL2Int8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonL2Int8(SB), NOSPLIT, $0-56
	KERNEL(ROWINT8, ONEINT8, ADDL2, ADDONEL2)

// func neonDotInt8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonDotInt8(SB), NOSPLIT, $0-56
	KERNEL(ROWINT8, ONEINT8, ADDDOT, ADDONEDOT)

// func neonL1Int8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonL1Int8(SB), NOSPLIT, $0-56
	KERNEL(ROWINT8, ONEINT8, ADDL1, ADDONEL1)

// func neonNormInt8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
//
// In integers: sums of squares, which are 0 or 1 modulo 4, would all be rounded down
// once they are above 2^24.
TEXT ·neonNormInt8(SB), NOSPLIT, $0-56
	ARGS

row:
	ROW
	VEOR V0.B16, V0.B16, V0.B16
	MOVD ZR, R11

loop:
	CMP    $16, R9
	BLT    rest
	VLD1.P 16(R7), [V4.B16]
	SMULL(4, 4, 5)
	SMULL2(4, 4, 6)
	UADALPH(5, 0)
	UADALPH(6, 0)
	SUB    $16, R9
	B      loop

rest:
	CBZ    R9, done
	MOVB.P 1(R7), R12
	MADD   R12, R11, R12, R11
	SUB    $1, R9
	B      rest

done:
	UADDLVS(0, 0)
	FMOVD  F0, R12
	ADD    R12, R11
	UCVTFS R11, F0
	FMOVS  F0, (R6)
	NEXT
	RET

// func neonL2Int16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonL2Int16(SB), NOSPLIT, $0-56
	KERNEL(ROWINT16, ONEINT16, ADDL2, ADDONEL2)

// func neonDotInt16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonDotInt16(SB), NOSPLIT, $0-56
	KERNEL(ROWINT16, ONEINT16, ADDDOT, ADDONEDOT)

// func neonL1Int16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonL1Int16(SB), NOSPLIT, $0-56
	KERNEL(ROWINT16, ONEINT16, ADDL1, ADDONEL1)

// func neonNormInt16(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonNormInt16(SB), NOSPLIT, $0-56
	KERNEL(ROWINT16, ONEINT16, ADDNORM, ADDONENORM)

// func neonL2Uint8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
//
// Differences as bytes, their squares as halfwords, which are added in pairs to words:
// a lane of 65,536 elements is below 2^32.
TEXT ·neonL2Uint8(SB), NOSPLIT, $0-56
	ARGS

row:
	ROW
	VEOR V0.B16, V0.B16, V0.B16
	MOVD ZR, R11

loop:
	CMP    $16, R9
	BLT    rest
	VLD1.P 16(R7), [V4.B16]
	VLD1.P 16(R8), [V8.B16]
	UABD(8, 4, 4)
	UMULL(4, 4, 5)
	UMULL2(4, 4, 6)
	UADALPH(5, 0)
	UADALPH(6, 0)
	SUB    $16, R9
	B      loop

rest:
	CBZ     R9, done
	MOVBU.P 1(R7), R12
	MOVBU.P 1(R8), R13
	SUB     R13, R12, R12
	MADD    R12, R11, R12, R11
	SUB     $1, R9
	B       rest

done:
	UADDLVS(0, 0)
	FMOVD  F0, R12
	ADD    R12, R11
	UCVTFS R11, F0
	FMOVS  F0, (R6)
	NEXT
	RET

// func neonL1Uint8(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonL1Uint8(SB), NOSPLIT, $0-56
	ARGS

row:
	ROW
	VEOR V0.B16, V0.B16, V0.B16
	MOVD ZR, R11

loop:
	CMP    $16, R9
	BLT    rest
	VLD1.P 16(R7), [V4.B16]
	VLD1.P 16(R8), [V8.B16]
	UABD(8, 4, 4)
	UADDLPB(4, 5)
	UADALPH(5, 0)
	SUB    $16, R9
	B      loop

rest:
	CBZ     R9, done
	MOVBU.P 1(R7), R12
	MOVBU.P 1(R8), R13
	SUBS    R13, R12, R12
	CNEG    LT, R12, R12
	ADD     R12, R11
	SUB     $1, R9
	B       rest

done:
	UADDLVS(0, 0)
	FMOVD  F0, R12
	ADD    R12, R11
	UCVTFS R11, F0
	FMOVS  F0, (R6)
	NEXT
	RET

// func neonHammingBinary(q, base *byte, stride uintptr, rows *uint32, n, dims int, out *float32)
TEXT ·neonHammingBinary(SB), NOSPLIT, $0-56
	ARGS
	ADD $7, R5
	LSR $3, R5

row:
	ROW
	VEOR V0.B16, V0.B16, V0.B16
	MOVD ZR, R11

loop:
	CMP    $16, R9
	BLT    rest
	VLD1.P 16(R7), [V4.B16]
	VLD1.P 16(R8), [V8.B16]
	VEOR   V8.B16, V4.B16, V4.B16
	CNT(4, 4)
	UADDLPB(4, 5)
	UADALPH(5, 0)
	SUB    $16, R9
	B      loop

rest:
	CBZ     R9, done
	MOVBU.P 1(R7), R12
	MOVBU.P 1(R8), R13
	EOR     R13, R12, R12
	FMOVD   R12, F4
	VCNT    V4.B8, V4.B8
	FMOVD   F4, R12
	ADD     R12, R11
	SUB     $1, R9
	B       rest

done:
	UADDLVS(0, 0)
	FMOVD  F0, R12
	ADD    R12, R11
	UCVTFS R11, F0
	FMOVS  F0, (R6)
	NEXT
	RET

// func Ask(a, b *byte)
TEXT ·Ask(SB), NOSPLIT, $0-16
	MOVD a+0(FP), R0
	MOVD b+8(FP), R1
	PRFM (R0), PLDL1KEEP
	PRFM (R1), PLDL1KEEP
	RET
