// SPDX-License-Identifier: Apache-2.0

// Package crashfs is a filesystem in memory that remembers what was done to it,
// and can say what a disk might hold had the power been cut at any time.
//
//	fsys := crashfs.New()
//	w, err := userjournal.Create("/journal", userjournal.Options{FS: fsys})
//	...
//	err = w.Sync()
//	fsys.Note(ordinal)                    // promised from now on
//	...
//	for k := range fsys.Steps() + 1 {
//		after := fsys.Cut(k, crashfs.Scrambled, seed)
//		// everything up to fsys.Noted(k) must be in after
//	}
//
// It promises what POSIX does and no more. What was written to a file is durable
// once the file was synced, and a name once its directory was. Before that each
// sector of 512 bytes, each change of a size and each name is on the disk or not
// by itself, in any order; what a file got longer by and was not written holds
// zeroes or what was on that part of the disk before. A rename happens as a whole
// or not at all. The ways of [Mode] are the corners of that and random points
// between them.
//
// The fixture is that of ALICE and CrashMonkey (Pillai et al., OSDI 2014; Mohan et
// al., OSDI 2018), for the few calls that a journal makes.
package crashfs
