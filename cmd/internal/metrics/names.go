// SPDX-License-Identifier: Apache-2.0

package metrics

import "github.com/prometheus/client_golang/prometheus"

// all are the descriptions below: vexjd(8) has the same.
var all []*prometheus.Desc

func describe(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("vexj_"+name, help, labels, nil)
	all = append(all, d)
	return d
}

var (
	buildInfo = describe("build_info", "1, with what the recorder was built from.", "version", "goversion", "goarch")

	records   = describe("records_total", "Records that the journal took, by producer and type.", "producer", "type")
	bytes     = describe("record_bytes_total", "Bytes of the records that the journal took from rings.", "producer")
	emitted   = describe("emitted_records_total", "Records that the journal took from agents.", "producer")
	attempted = describe("attempted_records_total", "Records that the producer numbered.", "producer")
	filtered  = describe("filtered_records_total", "Operations that the producer left out, as its filter says.", "producer")
	late      = describe("late_records_total", "Records that came into the journal after higher numbers.", "producer")
	delay     = describe("record_delay_seconds", "From the making of a record to when the journal took it.", "producer")
	uncovered = describe("uncovered", "How many kinds of operations the producer cannot see; vexjctl doctor lists them.")

	lost     = describe("lost_records_total", "Records that were lost, by where and why.", "stage", "cause")
	lostTold = describe("lost_records_told_total", "Records that LOST records in the journal account for, by cause.", "cause")

	ringSize    = describe("ring_size_bytes", "Bytes that the ring has room for.", "ring")
	ringPending = describe("ring_pending_bytes", "Bytes in the ring that the recorder has not yet read.", "ring")
	ringMaxFill = describe("ring_fill_max_ratio", "The fullest that a ring was found, of 1.")
	ringBehind  = describe("ring_behind_total", "How often a ring was found three quarters full.")
	waiting     = describe("waiting_records", "Records out of the rings that wait for a lower number.")
	held        = describe("fuse_held_operations_total", "Operations in a mount that waited as the journal was behind.")
	heldTime    = describe("fuse_held_seconds_total", "How long operations in a mount waited as the journal was behind.")

	journalSize     = describe("journal_size_bytes", "Bytes of the files in the journal's folder.", "folder")
	journalSegments = describe("journal_segments", "Segments in the journal's folder.", "folder")
	journalRecords  = describe("journal_records_total", "Records that were written to the journal's files.")
	journalRaw      = describe("journal_raw_bytes_total", "Bytes of the records that were written, before compression.")
	journalStored   = describe("journal_stored_bytes_total", "Bytes that were written to the journal's files.")
	journalBlocks   = describe("journal_blocks_total", "Blocks that were written to the journal's files.")
	journalSyncs    = describe("journal_sync_seconds", "How long it took to make a group of blocks durable, by fsync.")
	journalWriting  = describe("journal_write_delay_seconds", "From the making of a block's oldest record to when the block was in the file.")
	journalStalls   = describe("journal_stalls_total", "How often an append waited for the disk or the compression.")
	journalStalled  = describe("journal_stalled_seconds_total", "How long appends waited for the disk or the compression.")
	journalBuffers  = describe("journal_buffers", "Buffers that the journal's writer has.", "state")
	journalStopped  = describe("journal_stopped", "1 if the disk has failed and the journal takes nothing more.")
	indexFailures   = describe("journal_index_failures_total", "Indexes of segments that could not be made.")

	subscribers   = describe("stream_subscribers", "Streams that are open, live or being caught up.", "state")
	begun         = describe("streams_total", "Streams that were begun.")
	delivered     = describe("stream_delivered_records_total", "Records that were written to subscribers.")
	streamDelay   = describe("stream_delay_seconds", "From the making of a record to when it was written to a live subscriber.")
	streamMemory  = describe("stream_memory_bytes", "Bytes that streams hold.")
	streamCeiling = describe("stream_memory_limit_bytes", "Bytes that streams may hold with as many as are open.")

	requests = describe("agent_requests_total", "Requests of agents and of the page.")
	denied   = describe("agent_denied_requests_total", "Requests that the policy does not allow.", "reason")
	limited  = describe("agent_limited_total", "What was refused for being above a limit, by limit.", "limit")
)
