// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strconv"

	"vexj/uapi"
)

// identity appends what a wide line has beyond a short one.
func (l *Line) identity(dst []byte, e Entry) []byte {
	return l.paint(append(dst, "  "...), dim, func(dst []byte) []byte {
		r := e.Rec
		dst = append(dst, "id="...)
		dst = appendID(dst, r.EventID())
		dst = appendFact(dst, " ordinal=", e.Ordinal)
		dst = appendFact(dst, " seq=", r.GlobalSequence())
		dst = appendFact(dst, " cpu=", uint64(r.CPU()))
		if r.Parent() != 0 {
			dst = append(dst, " parent="...)
			dst = appendID(dst, r.Parent())
		}
		if t, ok := r.Task(); ok {
			dst = appendFact(dst, " tid=", uint64(t.TID))
			dst = appendFact(dst, " ppid=", uint64(t.PPID))
			dst = appendFact(dst, " uid=", uint64(t.UID))
			dst = appendFact(dst, " gid=", uint64(t.GID))
			dst = appendFact(dst, " cgroup=", t.CgroupID)
			dst = appendFact(dst, " mntns=", uint64(t.MntNS))
		}
		if f, ok := r.File(); ok {
			dst = appendFile(dst, f)
		}
		if io, ok := r.IO(); ok && io.Duration != 0 {
			dst = append(dst, " duration="...)
			dst = strconv.AppendUint(dst, io.Duration, 10)
			dst = append(dst, "ns"...)
		}
		if f := r.Flags(); f != 0 {
			dst = append(dst, " flags="...)
			dst = append(dst, f.String()...)
		}
		return dst
	})
}

func appendFile(dst []byte, f uapi.File) []byte {
	dst = append(dst, " dev="...)
	dst = appendPair(dst, uint64(f.DevMajor), ':', uint64(f.DevMinor))
	dst = appendFact(dst, " inode=", f.Inode)
	dst = appendFact(dst, " generation=", uint64(f.Generation))
	dst = appendOctal(dst, " mode=", f.Mode)
	dst = appendFact(dst, " size=", f.Size)
	return appendFact(dst, " nlink=", uint64(f.Nlink))
}

// appendID writes an event id, always with its 16 digits: columns of them line
// up, and their text sorts.
func appendID(dst []byte, id uint64) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, "0x"...)
	for s := 60; s >= 0; s -= 4 {
		dst = append(dst, digits[id>>s&15])
	}
	return dst
}
