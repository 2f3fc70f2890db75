// SPDX-License-Identifier: Apache-2.0

package fuse

import "errors"

var (
	// ErrRingSize: the ring would be too small for two records, too large, or
	// no power of two.
	ErrRingSize = errors.New("the ring's size must be a power of two from 256K to 1G bytes")

	// ErrFilter: the filter asks for something that is not seen in a mount.
	ErrFilter = errors.New("this filter cannot be had in a FUSE mount")

	// ErrSource: what was to be mounted is no folder that can be.
	ErrSource = errors.New("this folder cannot be the source of a mount")

	// ErrMount: the kernel, or fusermount3, did not mount it.
	ErrMount = errors.New("the mount failed")

	// ErrStillOpen: it was unmounted, and is used by who had it open already.
	ErrStillOpen = errors.New("unmounted, and still open")

	// ErrUnsupported: this machine has no FUSE, or does not let this user mount.
	ErrUnsupported = errors.New("this machine cannot mount FUSE filesystems")
)
