// SPDX-License-Identifier: Apache-2.0

package device

import "unsafe"

// Bounds of the device, from the header.
const (
	version       = 2
	allCPUs       = 1<<32 - 1
	maxIDs        = 8
	maxPrefixes   = 8
	wantedWords   = 32
	commSize      = 16
	agentIDSize   = 64
	nameSize      = 64
	whySize       = 128
	causes        = 16
	minRing       = 4096
	maxRing       = 268435456
	maxDeadlineMS = 60000

	filterFailed = 0x1
	filterModify = 0x2
	filterTree   = 0x4

	contextTree   = 1
	contextCgroup = 2
)

type devInfo struct {
	Version        uint32
	Producer       uint32
	Cpus           uint32
	Consumer       uint32
	Comm           [commSize]byte
	RingBytes      uint64
	Watermark      uint32
	DeadlineMs     uint32
	IDBase         uint64
	GlobalSequence uint64
	Visibility     uint64
	Runs           uint32
	HooksPlaced    uint32
	HooksMissing   uint32
	Contexts       uint32
	Followed       uint32
	Reserved       uint32
}

type devConsume struct {
	Flags      uint32
	DeadlineMs uint32
	RingBytes  uint64
	Watermark  uint32
	Cpus       uint32
	Visibility uint64
	IDBase     uint64
}

type devCounters struct {
	CPU            uint32
	Reserved       uint32
	Attempted      uint64
	Recorded       uint64
	Filtered       uint64
	Blind          uint64
	Emitted        uint64
	GlobalSequence uint64
	RingUsed       uint64
	Lost           [causes]uint64
}

type devFilter struct {
	Flags       uint32
	UidsLen     uint32
	DevsLen     uint32
	PrefixesLen uint32
	Cgroup      uint64
	Prefixes    uint64
	Wanted      [wantedWords]uint64
	Uids        [maxIDs]uint32
	Devs        [maxIDs]uint64
}

type devFollow struct {
	Tgid     uint32
	Reserved uint32
}

type devContext struct {
	Kind       uint32
	Index      uint32
	ID         uint64
	Session    uint64
	Parent     uint64
	Root       uint64
	Visibility uint64
	AgentIDLen uint32
	Processes  uint32
	AgentID    [agentIDSize]byte
}

type devPeek struct {
	CPU      uint32
	Reserved uint32
	Buffer   uint64
	Size     uint64
	Records  uint64
}

type devHook struct {
	Index     uint32
	Placed    uint32
	Missed    uint64
	Name      [nameSize]byte
	Operation [nameSize]byte
	Why       [whySize]byte
}

// An ioctl's number, as _IOC of asm-generic/ioctl.h makes it.
const (
	dirWrite = 1 << 30
	dirRead  = 2 << 30
	letter   = 'J' << 8
)

const (
	iocInfo         = dirRead | unsafe.Sizeof(devInfo{})<<16 | letter | 0x01
	iocConsume      = dirRead | dirWrite | unsafe.Sizeof(devConsume{})<<16 | letter | 0x02
	iocStop         = letter | 0x03
	iocRing         = dirWrite | 4<<16 | letter | 0x04
	iocSequence     = dirRead | 8<<16 | letter | 0x05
	iocCounters     = dirRead | dirWrite | unsafe.Sizeof(devCounters{})<<16 | letter | 0x06
	iocFilterGet    = dirRead | dirWrite | unsafe.Sizeof(devFilter{})<<16 | letter | 0x07
	iocFilterSet    = dirWrite | unsafe.Sizeof(devFilter{})<<16 | letter | 0x08
	iocFollow       = dirWrite | unsafe.Sizeof(devFollow{})<<16 | letter | 0x09
	iocUnfollow     = dirWrite | unsafe.Sizeof(devFollow{})<<16 | letter | 0x0a
	iocContextSet   = dirWrite | unsafe.Sizeof(devContext{})<<16 | letter | 0x0b
	iocContextClear = dirWrite | unsafe.Sizeof(devContext{})<<16 | letter | 0x0c
	iocContextGet   = dirRead | dirWrite | unsafe.Sizeof(devContext{})<<16 | letter | 0x0d
	iocPeek         = dirRead | dirWrite | unsafe.Sizeof(devPeek{})<<16 | letter | 0x0e
	iocHook         = dirRead | dirWrite | unsafe.Sizeof(devHook{})<<16 | letter | 0x0f
	iocContextOf    = dirRead | dirWrite | unsafe.Sizeof(devContext{})<<16 | letter | 0x10
)
