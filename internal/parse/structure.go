// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"fmt"

	"vexj/uapi"
)

// A getter takes the value of a member.
type getter func(v value) error

// get makes one that stores what a function makes of the value.
func get[T any](to *T, f func(v value) (T, error)) getter {
	return func(v value) (err error) {
		*to, err = f(v)
		return err
	}
}

func u32(to *uint32) getter    { return get(to, value.u32) }
func u64(to *uint64) getter    { return get(to, value.u64) }
func i64(to *int64) getter     { return get(to, func(v value) (int64, error) { return v.int(64) }) }
func float(to *float32) getter { return get(to, value.float) }
func truth(to *uint32) getter  { return get(to, value.bool) }
func instant(to *int64) getter { return get(to, value.time) }
func octal(to *uint32) getter  { return get(to, value.octal) }
func ignored(value) error      { return nil }
func device(a, b *uint32) getter {
	return func(v value) (err error) {
		*a, *b, err = pair(v)
		return err
	}
}

// object reads an object by what takes each of its members.
func object(v value, members map[string]getter) error {
	return v.members(func(name string, v value) error {
		fn, ok := members[name]
		if !ok {
			return errUnknown
		}
		return fn(v)
	})
}

// structures are the attributes that are objects.
var structures = map[string]func(b *uapi.Builder, v value) error{
	"task": func(b *uapi.Builder, v value) error {
		var t uapi.Task
		var comm string
		var raw []byte
		err := object(v, map[string]getter{
			"tid": u32(&t.TID), "ppid": u32(&t.PPID), "uid": u32(&t.UID), "gid": u32(&t.GID), "start_time": u64(&t.StartTime),
			"cgroup": u64(&t.CgroupID), "mnt_ns": u32(&t.MntNS), "pid_ns": u32(&t.PidNS), "comm": get(&comm, value.text), "comm_bytes": get(&raw, value.base64),
		})
		if err == nil {
			err = in("comm", put(t.Comm[:], comm, raw))
		}
		b.AddTask(t)
		return err
	},
	"file":  file((*uapi.Builder).AddFile),
	"file2": file((*uapi.Builder).AddFile2),
	"io": func(b *uapi.Builder, v value) error {
		o := uapi.IO{Offset: uapi.NoOffset}
		err := object(v, map[string]getter{
			"offset": i64(&o.Offset), "length": u64(&o.Length), "result": i64(&o.Result), "error": ignored, "duration": u64(&o.Duration),
		})
		b.AddIO(o)
		return err
	},
	"directory": func(b *uapi.Builder, v value) error {
		var p uapi.Parents
		err := object(v, map[string]getter{"inode": u64(&p.Inode), "inode2": u64(&p.Inode2)})
		b.AddParents(p)
		return err
	},
	"open": open,
	"owner": func(b *uapi.Builder, v value) error {
		o := uapi.Owner{UID: ^uint32(0), GID: ^uint32(0)}
		err := object(v, map[string]getter{"uid": u32(&o.UID), "gid": u32(&o.GID)})
		b.AddOwner(o)
		return err
	},
	"times": func(b *uapi.Builder, v value) error {
		var t uapi.Times
		err := object(v, map[string]getter{"atime": instant(&t.Atime), "mtime": instant(&t.Mtime)})
		b.AddTimes(t)
		return err
	},
	"child": func(b *uapi.Builder, v value) error {
		var c uapi.Child
		err := object(v, map[string]getter{"pid": u32(&c.PID), "tid": u32(&c.TID), "thread": truth(&c.Thread)})
		b.AddChild(c)
		return err
	},
	"rdev": func(b *uapi.Builder, v value) error {
		var d uapi.Rdev
		err := object(v, map[string]getter{"major": u32(&d.Major), "minor": u32(&d.Minor)})
		b.AddRdev(d)
		return err
	},
	"lock": func(b *uapi.Builder, v value) error {
		var k uapi.Lock
		err := object(v, map[string]getter{"command": get(&k.Command, lock), "waits": truth(&k.Blocking)})
		b.AddLock(k)
		return err
	},
	"lost": func(b *uapi.Builder, v value) error {
		l := uapi.Lost{CPU: uapi.SeveralCPUs}
		cause := func(v value) (uapi.Cause, error) { return word(v, uapi.Cause(uapi.LostCauses)) }
		err := object(v, map[string]getter{
			"count": u64(&l.Count), "first": u64(&l.First), "last": u64(&l.Last), "cause": get(&l.Cause, cause), "cpu": u32(&l.CPU),
		})
		b.AddLost(l)
		return err
	},
	"producer_counts": func(b *uapi.Builder, v value) error {
		var p uapi.ProducerAttr
		err := object(v, map[string]getter{
			"producer": get(&p.Producer, producer), "id_base": get(&p.IDBase, value.id), "attempted": u64(&p.Attempted),
			"recorded": u64(&p.Recorded), "lost": u64(&p.Lost), "filtered": u64(&p.Filtered),
		})
		b.AddProducer(p)
		return err
	},
	"removed": func(b *uapi.Builder, v value) error {
		var r uapi.Removed
		reason := func(v value) (uint32, error) { return v.bits(removedWords) }
		err := object(v, map[string]getter{
			"first": u64(&r.First), "last": u64(&r.Last), "records": u64(&r.Records), "bytes": u64(&r.Bytes),
			"reason": get(&r.Reason, reason), "owed": u32(&r.Owed),
		})
		b.AddRemoved(r)
		return err
	},
	"clock": func(b *uapi.Builder, v value) error {
		var c uapi.Clock
		var real int64
		err := object(v, map[string]getter{"boottime": u64(&c.Boottime), "realtime": instant(&real), "boot_id": get(&c.BootID, uuid)})
		c.Realtime = uint64(real)
		b.AddClock(c)
		return err
	},
	"legacy": func(b *uapi.Builder, v value) error {
		var l uapi.Legacy
		format := func(v value) (uapi.LegacyFormat, error) { return word(v, uapi.LegacyFormat(fewWords)) }
		part := func(v value) (uapi.LegacyPart, error) { return word(v, uapi.LegacyPart(fewWords)) }
		err := object(v, map[string]getter{
			"format": get(&l.Format, format), "part": get(&l.Part, part), "offset": u64(&l.Offset), "size": u64(&l.Size), "at": u64(&l.At),
			"layout": u32(&l.Layout), "encoding": u32(&l.Encoding), "compression": u32(&l.Compression), "flags": u32(&l.Flags),
		})
		b.AddLegacy(l)
		return err
	},
	"search": func(b *uapi.Builder, v value) error {
		var s uapi.Search
		flags := func(v value) (uint32, error) { return v.bits(searchWords) }
		err := object(v, map[string]getter{
			"k": u32(&s.K), "ef": u32(&s.Ef), "found": u32(&s.Found), "flags": get(&s.Flags, flags), "visited": u64(&s.Visited),
			"duration": u64(&s.Duration), "radius": float(&s.Radius), "hops": u32(&s.Hops),
		})
		b.AddSearch(s)
		return err
	},
	"part": func(b *uapi.Builder, v value) error {
		var p uapi.Part
		err := object(v, map[string]getter{"offset": u32(&p.Offset), "size": u32(&p.Size)})
		b.AddPart(p)
		return err
	},
	"similarity": func(b *uapi.Builder, v value) error {
		var s uapi.Similarity
		err := object(v, map[string]getter{"other": u64(&s.Other), "distance": float(&s.Distance)})
		b.AddSimilarity(s)
		return err
	},
	"cluster": func(b *uapi.Builder, v value) error {
		var c uapi.Cluster
		err := object(v, map[string]getter{
			"clusters": u32(&c.Clusters), "iterations": u32(&c.Iterations), "seed": u64(&c.Seed), "vectors": u64(&c.Vectors), "inertia": float(&c.Inertia),
		})
		b.AddCluster(c)
		return err
	},
}

func file(add func(*uapi.Builder, uapi.File)) func(b *uapi.Builder, v value) error {
	return func(b *uapi.Builder, v value) error {
		var f uapi.File
		err := object(v, map[string]getter{
			"dev": device(&f.DevMajor, &f.DevMinor), "inode": u64(&f.Inode), "generation": u32(&f.Generation), "mode": octal(&f.Mode),
			"kind": ignored, "size": u64(&f.Size), "nlink": u32(&f.Nlink),
		})
		add(b, f)
		return err
	}
}

func open(b *uapi.Builder, v value) error {
	var o uapi.Open
	flags := func(v value) (uint32, error) { return v.bits(openWords) }
	fd := func(v value) (int32, error) {
		n, err := v.int(32)
		return int32(n), err
	}
	err := object(v, map[string]getter{"flags": get(&o.Flags, flags), "mode": octal(&o.Mode), "fd": get(&o.FD, fd)})
	b.AddOpen(o)
	return err
}

// put puts a text into a field, or its bytes if it is no UTF-8.
func put(to []byte, text string, raw []byte) error {
	if raw == nil {
		raw = []byte(text)
	}
	if len(raw) > len(to) {
		return fmt.Errorf("%s has %d bytes, of at most %d", excerpt(raw), len(raw), len(to))
	}
	copy(to, raw)
	return nil
}
