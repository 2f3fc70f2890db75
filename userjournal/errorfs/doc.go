// SPDX-License-Identifier: Apache-2.0

// Package errorfs makes a journal's filesystem fail where a test wants it to.
//
//	fsys := errorfs.New(userjournal.OSFS, errorfs.Nth(errorfs.Sync, 3, unix.EIO))
//	w, err := userjournal.Create(dir, userjournal.Options{FS: fsys})
//
// A fault is decided call by call, by a function that sees the call before the
// disk does; what it lets through reaches the filesystem below.
package errorfs
