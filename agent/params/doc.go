// SPDX-License-Identifier: Apache-2.0

// Package params reads the conditions of a filter from the parameters of a URL, by
// the names of the flags of `vexjctl log`:
//
//	type, category, path, pid, uid, comm, inode, agent, session, transaction, chain,
//	tag, flag, min-priority, min-relevance, since, until, failed, succeeded, where
//
// Those that may have several values are repeated; types, categories and flags may
// stand with commas between them. Times are as [vexj/internal/when] reads them, and
// where is CEL. A name that nobody knows is an error: a filter that was misspelled
// would let everything through.
package params
