// SPDX-License-Identifier: Apache-2.0

// Package read lets agents ask questions over the socket of package server:
//
//	GET /v1/log       records, page by page: the filters of package params, after, limit,
//	                  and with reverse the newest first, before
//	GET /v1/show      one record: id
//	GET /v1/why       how it came about: id
//	GET /v1/impact    what came of it, page by page: id, after, limit
//	GET /v1/blame     who changed a file, or the files of a folder: path, limit, all, files
//	GET /v1/report    counts: by, depth, bucket, limit and filters
//	GET /v1/timeline  counts by time, in at most so many buckets of a round width: buckets and filters
//	GET /v1/processes the processes, and what each did: agent, session, uid, since, until, limit
//	GET /v1/sessions  the sessions: limit and filters
//	GET /v1/sessions/{session}       one in detail: limit
//	GET /v1/sessions/{session}/diff  declared against changed: limit
//
// Answers are the objects of package answer. A page has 100 records if no limit is
// given, and at most 10,000; its cursor, given as after, has the next one.
//
// All of them show what is in the caller's view and answer as if there were nothing
// else: a record that is not in it is not found, not counted, not followed, and a
// cursor that names it is as one that names nothing.
package read
