// SPDX-License-Identifier: Apache-2.0

// Package parquet writes records as Apache Parquet, typed.
//
// A [Row] has the members of the object that vexjctl log prints, under the same names
// and nested in the same way, so that a query over the one works over the other. What
// is text there for want of a type has its own here: times are UTC in ns, ids, masks
// and modes are numbers. What few records have is in the column rest, a JSON object of
// those members, so that nothing is left out. What a record does not have is NULL.
//
// Names and the like are any bytes, columns of text are UTF-8: what is not is escaped
// as in the object, and a member of rest has the bytes; those of paths are in columns,
// path_bytes and path2_bytes, too.
//
//	SELECT time, task.comm, path, io.result FROM 'folder/*.parquet' WHERE type = 'write'
package parquet
