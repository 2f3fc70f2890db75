// SPDX-License-Identifier: Apache-2.0

package uapi

import "testing"

// sample is a record that Go builds, and lines of its description.
type sample struct {
	name  string
	build func(t *testing.T, b *Builder) Record
	text  []string
}

func sampleHeader(t Type) Header {
	return Header{
		EventID: IDBase(ProducerTest, 1_790_000_000_000_000_000) + 9, Type: t, Ktime: 5_000_000_000, Sequence: 4, CPU: 1, PID: 4242,
		GlobalSequence: 9, LocalSequence: 2, Priority: PriorityNormal, RootCause: 77, Parent: 76,
		VisibilityMask: ^uint64(0), Relevance: 50, ReplayPriority: 1,
	}
}

func sampleTask() Task {
	return Task{
		TID: 4243, PPID: 1, UID: 1000, GID: 1000, StartTime: 1 << 50, CgroupID: 1 << 60,
		MntNS: 4026531841, PidNS: 4026531836, Comm: [16]byte{'g', 'o'},
	}
}

func finish(t *testing.T, b *Builder) Record {
	t.Helper()
	rec, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Check(rec); err != nil {
		t.Fatal(err)
	}
	return rec
}

var samples = []sample{
	{"write", func(t *testing.T, b *Builder) Record {
		b.Begin(sampleHeader(FSWrite))
		addWrite(b)
		return finish(t, b)
	}, []string{
		`event_id 0x831aeb70847e609`,
		`event_type 0x0104 category 0x0100`,
		`ktime 5000000000 sequence 4 cpu_id 1 process_id 4242`,
		`attr 3 offset=4096 length=512 result=512 duration=321`,
		`attr 4 "/srv/data/a long enough name.db"`,
	}},
	{"failed", func(t *testing.T, b *Builder) Record {
		h := sampleHeader(FSRename)
		h.Flags = FlagFailed | FlagPath2Truncated
		h.Subtype = MakeSubtype(ViaUring, 1)
		b.Begin(h)
		b.AddIO(IO{Offset: NoOffset, Result: -17})
		b.AddString(AttrPath, "/a")
		b.AddBytes(AttrPath2, []byte("...\xff/b"))
		return finish(t, b)
	}, []string{
		`event_subtype 0x00040001 via 4 kind 1`,
		`event_flags 0x00880000 event_priority 3`,
		`attr 3 offset=-1 length=0 result=-17 duration=0`,
		`attr 5 "...\xff/b"`,
	}},
	{"extremes", func(t *testing.T, b *Builder) Record {
		b.Begin(sampleHeader(FSUtimes))
		b.AddTimes(Times{Atime: -1 << 63, Mtime: 1<<63 - 1})
		b.AddOpen(Open{Flags: ^uint32(0), Mode: 0o7777, FD: -1 << 31})
		b.AddU64(AttrSession, ^uint64(0))
		b.AddU32(AttrVectorDims, ^uint32(0))
		return finish(t, b)
	}, []string{
		`attr 11 atime=-9223372036854775808 mtime=9223372036854775807`,
		`attr 9 flags=0xffffffff mode=07777 fd=-2147483648`,
		`attr 65 18446744073709551615`,
		`attr 72 4294967295`,
	}},
	{"lost", func(t *testing.T, b *Builder) Record {
		b.Begin(sampleHeader(SysLost))
		b.AddLost(Lost{Count: 5, First: 4, Last: 9, Cause: LostNested, CPU: SeveralCPUs})
		return finish(t, b)
	}, []string{`attr 32 count=5 first=4 last=9 cause=3 cpu=4294967295`}},
	{"all-parts", func(t *testing.T, b *Builder) Record {
		b.Begin(sampleHeader(AgentInteraction))
		b.AddString(AttrAgentID, "a")
		b.Payload([]byte("12345"))
		b.Metadata([]byte{0})
		b.AddLink(Link{Cause: 1, Effect: 2, Type: 3, Strength: 4, Delay: 5, Description: [128]byte{'x'}})
		b.AddLink(Link{Cause: 6})
		return finish(t, b)
	}, []string{
		`event_size 472 context_size 8 payload_size 5 metadata_size 1`,
		`payload "12345"`,
		`metadata "\x00"`,
	}},
	{"version-1", func(t *testing.T, b *Builder) Record {
		h := sampleHeader(FSRead)
		h.Version, h.Checksum, h.Compression = Version1, 12345, 1
		b.Begin(h)
		b.Context(make([]byte, context1Size))
		b.Payload([]byte("p"))
		return finish(t, b)
	}, []string{`event_version 1 checksum 0x00003039 compression_type 1 encryption_type 0`}},
}

// addWrite adds what a producer adds to the record of a write.
func addWrite(b *Builder) {
	b.AddTask(sampleTask())
	b.AddFile(File{DevMajor: 259, DevMinor: 1, Inode: 1 << 33, Generation: 5, Mode: 0o100644, Size: 8192, Nlink: 1})
	b.AddIO(IO{Offset: 4096, Length: 512, Result: 512, Duration: 321})
	b.AddString(AttrPath, "/srv/data/a long enough name.db")
}
