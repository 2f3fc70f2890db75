// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"fmt"
	"hash/fnv"
	"math"
	"strings"
)

// describe gives a record the text that testdata/golden.c prints for it.
func describe(r Record) string {
	var sb strings.Builder
	p := func(format string, a ...any) { fmt.Fprintf(&sb, format, a...) }
	p("event_id 0x%x\n", r.EventID())
	p("event_type 0x%04x category 0x%04x\n", uint32(r.Type()), uint32(r.Type().Category()))
	p("event_subtype 0x%08x via %d kind %d\n", uint32(r.Subtype()), uint8(r.Subtype().Via()), r.Subtype().Kind())
	p("ktime %d sequence %d cpu_id %d process_id %d\n", r.Ktime(), r.Sequence(), r.CPU(), r.PID())
	p("global_sequence %d local_sequence %d\n", r.GlobalSequence(), r.LocalSequence())
	p("event_flags 0x%08x event_priority %d\n", uint32(r.Flags()), uint32(r.Priority()))
	p("event_size %d context_size %d payload_size %d metadata_size %d\n", r.Size(), r.ContextSize(), r.PayloadSize(), r.MetadataSize())
	p("event_version %d checksum 0x%08x compression_type %d encryption_type %d\n", r.Version(), r.Checksum(), r.Compression(), r.Encryption())
	p("parent_event_id 0x%x root_cause_event_id 0x%x\n", r.Parent(), r.RootCause())
	p("agent_visibility_mask 0x%x agent_relevance_score %d replay_priority %d\n", r.VisibilityMask(), r.Relevance(), r.ReplayPriority())
	for tag, v := range r.Attrs() {
		p("attr %d %s\n", uint16(tag), describeAttr(r, tag, v))
	}
	if r.Version() == Version1 {
		p("context %s\n", quote(r.Context()))
	}
	p("payload %s\n", quote(r.Payload()))
	p("metadata %s\n", quote(r.Metadata()))
	for i := range r.LinkCount() {
		l := r.Link(i)
		p("link cause 0x%x effect 0x%x type %d strength %d delay %d %s\n", l.Cause, l.Effect, l.Type, l.Strength, l.Delay, quote(l.Description[:]))
	}
	return sb.String()
}

func describeAttr(r Record, tag Tag, v []byte) string {
	if n, fixed := tag.Size(); fixed && n == 4 {
		n, _ := r.U32(tag)
		return fmt.Sprint(n)
	}
	switch tag {
	case AttrTask:
		t, _ := r.Task()
		return fmt.Sprintf("tid=%d ppid=%d uid=%d gid=%d start_time=%d cgroup_id=0x%x mnt_ns=%d pid_ns=%d comm=%s",
			t.TID, t.PPID, t.UID, t.GID, t.StartTime, t.CgroupID, t.MntNS, t.PidNS, quote(t.Comm[:]))
	case AttrFile, AttrFile2:
		f, _ := r.File()
		if tag == AttrFile2 {
			f, _ = r.File2()
		}
		return fmt.Sprintf("dev=%d:%d inode=%d generation=%d mode=0%o size=%d nlink=%d",
			f.DevMajor, f.DevMinor, f.Inode, f.Generation, f.Mode, f.Size, f.Nlink)
	case AttrIO:
		o, _ := r.IO()
		return fmt.Sprintf("offset=%d length=%d result=%d duration=%d", o.Offset, o.Length, o.Result, o.Duration)
	case AttrParent:
		d, _ := r.Parents()
		return fmt.Sprintf("inode=%d inode2=%d", d.Inode, d.Inode2)
	case AttrOpen:
		o, _ := r.Open()
		return fmt.Sprintf("flags=0x%x mode=0%o fd=%d", o.Flags, o.Mode, o.FD)
	case AttrOwner:
		o, _ := r.Owner()
		return fmt.Sprintf("uid=%d gid=%d", o.UID, o.GID)
	case AttrTimes:
		t, _ := r.Times()
		return fmt.Sprintf("atime=%d mtime=%d", t.Atime, t.Mtime)
	case AttrChild:
		c, _ := r.Child()
		return fmt.Sprintf("pid=%d tid=%d thread=%d", c.PID, c.TID, c.Thread)
	case AttrRdev:
		d, _ := r.Rdev()
		return fmt.Sprintf("major=%d minor=%d", d.Major, d.Minor)
	case AttrLock:
		l, _ := r.Lock()
		return fmt.Sprintf("command=%d blocking=%d", l.Command, l.Blocking)
	case AttrLost:
		l, _ := r.Lost()
		return fmt.Sprintf("count=%d first=%d last=%d cause=%d cpu=%d", l.Count, l.First, l.Last, uint32(l.Cause), l.CPU)
	case AttrProducer:
		c, _ := r.ProducerCounts()
		return fmt.Sprintf("producer=%d reserved=%d id_base=0x%x attempted=%d recorded=%d lost=%d filtered=%d",
			uint32(c.Producer), c.Reserved, c.IDBase, c.Attempted, c.Recorded, c.Lost, c.Filtered)
	case AttrRemoved:
		a, _ := r.Removed()
		return fmt.Sprintf("first=%d last=%d records=%d bytes=%d reason=%d owed=%d", a.First, a.Last, a.Records, a.Bytes, a.Reason, a.Owed)
	case AttrClock:
		c, _ := r.Clock()
		return fmt.Sprintf("boottime=%d realtime=%d boot_id=%x", c.Boottime, c.Realtime, c.BootID)
	case AttrLegacy:
		l, _ := r.Legacy()
		return fmt.Sprintf("format=%d part=%d offset=%d size=%d at=%d layout=%d encoding=%d compression=%d flags=0x%x",
			uint32(l.Format), uint32(l.Part), l.Offset, l.Size, l.At, l.Layout, l.Encoding, l.Compression, l.Flags)
	case AttrSearch:
		a, _ := r.Search()
		return fmt.Sprintf("k=%d ef=%d found=%d flags=0x%x visited=%d duration=%d radius=0x%x hops=%d",
			a.K, a.Ef, a.Found, a.Flags, a.Visited, a.Duration, math.Float32bits(a.Radius), a.Hops)
	case AttrPart:
		a, _ := r.Part()
		return fmt.Sprintf("offset=%d size=%d", a.Offset, a.Size)
	case AttrSimilarity:
		a, _ := r.Similarity()
		return fmt.Sprintf("other=%d distance=0x%x", a.Other, math.Float32bits(a.Distance))
	case AttrCluster:
		a, _ := r.Cluster()
		return fmt.Sprintf("clusters=%d iterations=%d seed=%d vectors=%d inertia=0x%x",
			a.Clusters, a.Iterations, a.Seed, a.Vectors, math.Float32bits(a.Inertia))
	}
	if _, fixed := tag.Size(); fixed {
		n, _ := r.U64(tag)
		return fmt.Sprint(n)
	}
	return quote(v)
}

func quote(b []byte) string {
	if len(b) > 512 {
		h := fnv.New64a()
		h.Write(b)
		return fmt.Sprintf("fnv1a 0x%x", h.Sum64())
	}
	var sb strings.Builder
	sb.WriteByte('"')
	for _, c := range b {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&sb, `\x%02x`, c)
		} else {
			sb.WriteByte(c)
		}
	}
	sb.WriteByte('"')
	return sb.String()
}
