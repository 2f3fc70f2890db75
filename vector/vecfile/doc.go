// SPDX-License-Identifier: Apache-2.0

// Package vecfile reads files of vectors one by one, with as much memory as one of
// them takes, whatever the file says of itself.
//
//	r, err := vecfile.NewReader(vecfile.FVecs, file)
//	for {
//		v, err := r.Next() // io.EOF at the end
//	}
//
// # Formats
//
//	fvecs   of each vector: i32 dimensions, then so many float32, little-endian
//	ivecs   the same with i32
//	bvecs   the same with bytes, 0 to 255
//	npy     NumPy's array file, version 1 to 3, of one or two dimensions in C order,
//	        of <f2 <f4 <f8 |i1 |u1 |b1 <i2 <i4
//	ndjson  a JSON object a line: {"vector":[...]} and, as one likes, "id" (1 to
//	        2^64-2), "path", "inode", "dev" ("MAJOR:MINOR") and "tags" (any JSON)
//
// fvecs, ivecs and bvecs are those of http://corpus-texmex.irisa.fr, npy that of
// numpy.lib.format.
//
// An error says in which vector, or line, and at which byte it is; what was read
// before it is good.
package vecfile
