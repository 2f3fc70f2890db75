// SPDX-License-Identifier: Apache-2.0

// Package hnsw finds the nearest of many vectors by a graph: Hierarchical Navigable
// Small World, of Malkov and Yashunin (2016). Each node is linked to near ones in
// all directions; few of them are in higher layers too, where a search takes its
// long steps. The answer is approximate, and as good as one waits for: see Ef.
//
//	g, err := hnsw.New(hnsw.Config{Dims: 128, Codes: hnsw.SQ8})
//	err = g.Insert(7, vector)
//	near, err := g.Search(query, 10, &hnsw.SearchOptions{Ef: 100})
//
// # What it compares
//
// With [NoCodes] originals, in float32. With [SQ8] a byte for each element, by which
// it builds and searches, in a quarter of the memory traffic and with integers; with
// [Bits] a bit for each, by which it searches. What codes find is ranked by the
// originals, so that distances are exact whatever the codes are. The originals are
// the graph's own, or a [Source] has them, for instance in a mapped file: then what
// must be in memory is codes and links.
//
// # Deleting
//
// A deleted node's neighbours, and theirs, choose their links anew. Links from
// farther away may remain; they lead through the dead node, which is never found.
// A sweep, which a Delete makes when an eighth of the nodes are dead, takes them
// out, and the slots are used again.
//
// # At a time
//
// Searches, inserts, updates and deletes run side by side. A search takes no lock
// but one that is shared: lists are words that are read and written atomically, and
// a reader may see a list that is half the old one and half the new. Slots are used
// again, and memory moves when it grows, only while nobody looks. What was inserted
// in the same order with the same seed by one goroutine is the same graph: a node's
// level is a hash of its id, and nothing else is drawn.
//
// # Records
//
// Each change is one operation, whose records the [Sink] gets together, before the
// call returns. All have the producer hnsw, the event id of the first of them as
// attribute transaction, the id as graph-node, and a payload that is little-endian
// and begins with
//
//	 0 u8  format: 1
//	 1 u8  operation: 1 insert, 2 delete, 3 update, 4 sweep
//	 2 u16 0
//	 4 u32 records of the operation
//	 8 u32 which of them this is, from 0
//	12 u32 dimensions
//
// The first is NODE_CREATE, NODE_DELETE (also of a sweep) or NODE_UPDATE, whose
// payload goes on
//
//	16 u64 id
//	24 u32 slot of the new node, ~0 for none
//	28 u32 slot that died, ~0 for none
//	32 u32 level of the new node
//	36 u32 slot of the entry, ~0 for none
//	40 u64 version of the entry, 0: it stays
//	48 u64 level of the entry
//
// The others have it for parent. NODE_CREATE and NODE_UPDATE are followed by
// PROP_SET with the vector as the graph keeps it, cut into pieces, unless a Source
// has it. EDGE_CREATE has lists that got a link, EDGE_UPDATE those that were chosen
// anew, EDGE_DELETE those that only lost links: the whole list each time, so that
// redoing one twice does no harm.
//
//	 0 u64 id of the node
//	 8 u64 version
//	16 u32 slot of the node
//	20 u16 layer
//	22 u16 n
//	24 u32 slot, n times
//
// Links are slots and not ids, since the dead have none: the node that has a slot is
// the one whose creation named it last. PROP_DELETE has the slots that a sweep made
// free, a u32 each. Versions come from one counter that is read under the list's
// lock: of two records of one list the higher is the later, in whatever order
// operations that ran at a time were written.
//
// A search is two records, if the Config asks for them, which are handed over for
// several searches at a time: GRAPH_QUERY with the attributes search, vector-metric
// and, with evidence, results; and GRAPH_TRAVERSE, which it is the parent of, whose
// attribute search has the nodes expanded and the vectors compared, and graph-node
// where it began.
//
// [Graph.Apply] redoes records, and [Graph.Digest] tells that the result is the
// graph that they came from, to the last link. To make a journal of them the log
// that is written ahead, make it durable before what was changed is acknowledged.
package hnsw
