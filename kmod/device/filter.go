// SPDX-License-Identifier: Apache-2.0

package device

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"vexj/uapi"
)

// SetFilter replaces the module's filter: at once, for whoever consumes, and for
// good. Processes of TGIDTree are followed besides those that are already.
func (d *Device) SetFilter(f *uapi.Filter) error {
	v, prefixes, err := encode(f)
	if err != nil {
		return err
	}
	if len(prefixes) > 0 {
		v.Prefixes = uint64(uintptr(unsafe.Pointer(&prefixes[0])))
	}
	// First whom to follow: under the new filter none of their operations
	// must be left out.
	for _, tgid := range f.TGIDTree {
		if err := d.Follow(tgid); err != nil {
			return err
		}
	}
	_, err = d.ioctl(iocFilterSet, unsafe.Pointer(&v))
	runtime.KeepAlive(prefixes)
	if err == unix.EINVAL {
		return fmt.Errorf("%w: the module refuses it", ErrFilter)
	}
	return explain("setting the module's filter", err)
}

// encode checks the filter and writes it as the header has it.
func encode(f *uapi.Filter) (v devFilter, prefixes []byte, err error) {
	switch {
	case len(f.PathPrefixes) > maxPrefixes:
		return v, nil, fmt.Errorf("%w: %d path prefixes, at most %d fit; record a common parent", ErrFilter, len(f.PathPrefixes), maxPrefixes)
	case len(f.UIDs) > maxIDs:
		return v, nil, fmt.Errorf("%w: %d users, at most %d fit", ErrFilter, len(f.UIDs), maxIDs)
	case len(f.Superblocks) > maxIDs:
		return v, nil, fmt.Errorf("%w: %d filesystems, at most %d fit", ErrFilter, len(f.Superblocks), maxIDs)
	case len(f.Wanted()) == 0:
		return v, nil, fmt.Errorf("%w: it lets no type through", ErrFilter)
	}
	for _, p := range f.PathPrefixes {
		if !strings.HasPrefix(p, "/") || len(p) >= uapi.MaxPath || strings.ContainsRune(p, 0) {
			return v, nil, fmt.Errorf("%w: path prefix %q is not an absolute path", ErrFilter, p)
		}
		prefixes = append(append(prefixes, p...), 0)
	}
	v = devFilter{
		UidsLen: uint32(len(f.UIDs)), DevsLen: uint32(len(f.Superblocks)), PrefixesLen: uint32(len(prefixes)),
		Cgroup: f.CgroupID,
	}
	copy(v.Uids[:], f.UIDs)
	for i, dev := range f.Superblocks {
		v.Devs[i] = uint64(unix.Major(dev))<<32 | uint64(unix.Minor(dev))
	}
	for _, t := range f.Types {
		v.Wanted[word(t)] |= bit(t)
	}
	if f.FailedToo {
		v.Flags |= filterFailed
	}
	if f.ModifyOnly {
		v.Flags |= filterModify
	}
	if len(f.TGIDTree) > 0 {
		v.Flags |= filterTree
	}
	return v, prefixes, nil
}

// Where the bit of a type is, as VEXJ_DEV_WORD and VEXJ_DEV_BIT have it.
func word(t uapi.Type) int   { return int(t>>8&7*4 + t>>6&3) }
func bit(t uapi.Type) uint64 { return 1 << (t & 63) }

// Filter returns the module's filter. It does not say which processes are
// followed, but whether only they are recorded.
func (d *Device) Filter() (f uapi.Filter, followed bool, err error) {
	prefixes := make([]byte, maxPrefixes*uapi.MaxPath)
	v := devFilter{Prefixes: uint64(uintptr(unsafe.Pointer(&prefixes[0]))), PrefixesLen: uint32(len(prefixes))}
	_, err = d.ioctl(iocFilterGet, unsafe.Pointer(&v))
	runtime.KeepAlive(prefixes)
	if err != nil {
		return f, false, explain("asking for the module's filter", err)
	}
	return decode(&v, prefixes[:min(int(v.PrefixesLen), len(prefixes))]), v.Flags&filterTree != 0, nil
}

func decode(v *devFilter, prefixes []byte) uapi.Filter {
	f := uapi.Filter{
		ModifyOnly: v.Flags&filterModify != 0,
		FailedToo:  v.Flags&filterFailed != 0,
		CgroupID:   v.Cgroup,
		UIDs:       append([]uint32(nil), v.Uids[:min(v.UidsLen, maxIDs)]...),
	}
	for p := range bytes.SplitSeq(bytes.TrimSuffix(prefixes, []byte{0}), []byte{0}) {
		if len(p) > 0 {
			f.PathPrefixes = append(f.PathPrefixes, string(p))
		}
	}
	for _, dev := range v.Devs[:min(v.DevsLen, maxIDs)] {
		f.Superblocks = append(f.Superblocks, unix.Mkdev(uint32(dev>>32), uint32(dev)))
	}
	for _, t := range uapi.Types() {
		if v.Wanted[word(t)]&bit(t) != 0 {
			f.Types = append(f.Types, t)
		}
	}
	return f
}

// Follow adds a process and its descendants to those that a filter with a
// TGIDTree records.
func (d *Device) Follow(tgid uint32) error {
	_, err := d.ioctl(iocFollow, unsafe.Pointer(&devFollow{Tgid: tgid}))
	return explain(fmt.Sprintf("following the process %d", tgid), err)
}

// Unfollow takes a process and its descendants out. One that is not followed, or
// has ended, is no error.
func (d *Device) Unfollow(tgid uint32) error {
	_, err := d.ioctl(iocUnfollow, unsafe.Pointer(&devFollow{Tgid: tgid}))
	if err == unix.ESRCH || err == unix.ENOENT {
		return nil
	}
	return explain(fmt.Sprintf("following the process %d no more", tgid), err)
}
