// SPDX-License-Identifier: Apache-2.0

package compat

import (
	"vexj/internal/layout"
	"vexj/uapi"
)

// The tables by which legacy files are described.

var commonHeaderFields = []layout.Field{
	{Name: "magic", Offset: 0, Size: 4, Form: layout.Hexadecimal},
	{Name: "version_major", Offset: 4, Size: 4},
	{Name: "version_minor", Offset: 8, Size: 4},
	{Name: "total_events", Offset: 12, Size: 8},
	{Name: "next_event_id", Offset: 20, Size: 8},
	{Name: "journal_size", Offset: 28, Size: 8},
	{Name: "index_offset", Offset: 36, Size: 8},
	{Name: "flags", Offset: 44, Size: 4, Form: layout.Hexadecimal},
	{Name: "checksum", Offset: headerChecksum, Size: 4, Form: layout.Hexadecimal},
}

var usjlHeaderFields = layout.Fill(usjlHeaderSize, append([]layout.Field{
	{Name: "created_at", Offset: 52, Size: 8, Form: layout.Seconds},
	{Name: "modified_at", Offset: 60, Size: 8, Form: layout.Seconds},
	{Name: "reserved", Offset: 68, Size: 64, Form: layout.Bytes},
}, commonHeaderFields...)...)

// timestampFields are struct timestamp at an offset.
func timestampFields(at int, prefix string) []layout.Field {
	return []layout.Field{
		{Name: prefix + "ktime", Offset: at, Size: 8},
		{Name: prefix + "sequence", Offset: at + 8, Size: 8},
		{Name: prefix + "cpu_id", Offset: at + 16, Size: 4},
		{Name: prefix + "process_id", Offset: at + 20, Size: 4},
	}
}

var typeNames = func() map[uint64]string {
	words := map[uint64]string{}
	for _, t := range uapi.Types() {
		words[uint64(t)] = t.String()
	}
	return words
}()

var flagNames = func() map[uint64]string {
	words := map[uint64]string{}
	for bit := range 32 {
		words[1<<bit] = uapi.Flags(1 << bit).String()
	}
	return words
}()

var eventFields = layout.Fill(eventHeadSize, append(append([]layout.Field{
	{Name: "event_id", Offset: 0, Size: 8},
	{Name: "event_type", Offset: 8, Size: 4, Form: layout.Word, Words: typeNames},
	{Name: "event_subtype", Offset: 12, Size: 4, Form: layout.Hexadecimal},
	{Name: "global_sequence", Offset: 40, Size: 8},
	{Name: "local_sequence", Offset: 48, Size: 8},
	{Name: "event_flags", Offset: 56, Size: 4, Form: layout.Flags, Words: flagNames},
	{Name: "event_priority", Offset: 60, Size: 4},
	{Name: "event_size", Offset: evSize, Size: 4},
	{Name: "context_size", Offset: evContext, Size: 4},
	{Name: "payload_size", Offset: evPayload, Size: 4},
	{Name: "metadata_size", Offset: evMetadata, Size: 4},
	{Name: "event_version", Offset: evVersion, Size: 4},
	{Name: "checksum", Offset: evChecksum, Size: 4, Form: layout.Hexadecimal},
	{Name: "compression_type", Offset: evCompression, Size: 4, Form: layout.Word, Words: compressionNames},
	{Name: "encryption_type", Offset: evEncryption, Size: 4},
	{Name: "causality_link_count", Offset: evLinks, Size: 4},
	{Name: "parent_event_id", Offset: 100, Size: 8},
	{Name: "root_cause_event_id", Offset: 108, Size: 8},
	{Name: "agent_visibility_mask", Offset: 116, Size: 8, Form: layout.Hexadecimal},
	{Name: "agent_relevance_score", Offset: 124, Size: 4},
	{Name: "replay_priority", Offset: 128, Size: 4},
}, timestampFields(16, "")...), describedContext()...)...)

var compressionNames = map[uint64]string{compressionNone: "none", compressionZlib: "zlib", compressionLZ4: "lz4"}

// describedContext is the context as contextFields has it.
func describedContext() []layout.Field {
	var fields []layout.Field
	for _, f := range contextFields {
		form := layout.Decimal
		if f.kind == contextText {
			form = layout.Text
		}
		fields = append(fields, layout.Field{Name: f.name, Offset: uapi.HeaderSize + f.offset, Size: f.size, Form: form})
	}
	return fields
}

var linkFields = layout.Fill(uapi.LinkSize,
	layout.Field{Name: "cause", Offset: 0, Size: 8},
	layout.Field{Name: "effect", Offset: 8, Size: 8},
	layout.Field{Name: "type", Offset: 16, Size: 4},
	layout.Field{Name: "strength", Offset: 20, Size: 4},
	layout.Field{Name: "delay", Offset: 24, Size: 8},
	layout.Field{Name: "description", Offset: 32, Size: 128, Form: layout.Text},
)

var indexFields = layout.Fill(indexEntrySize, append([]layout.Field{
	{Name: "event_id", Offset: 0, Size: 8},
	{Name: "type", Offset: 8, Size: 4, Form: layout.Word, Words: typeNames},
	{Name: "storage_offset", Offset: 36, Size: 8},
	{Name: "event_size", Offset: 44, Size: 4},
	{Name: "flags", Offset: 48, Size: 4, Form: layout.Hexadecimal},
}, timestampFields(12, "")...)...)

var storageFields = layout.Fill(blockHeadSize, append(append([]layout.Field{
	{Name: "magic", Offset: 0, Size: 4, Form: layout.Hexadecimal},
	{Name: "version", Offset: 4, Size: 4},
	{Name: "block_id", Offset: 8, Size: 8},
	{Name: "block_size", Offset: 16, Size: 4},
	{Name: "event_count", Offset: 20, Size: 4},
	{Name: "compression", Offset: 24, Size: 4, Form: layout.Word, Words: compressionNames},
	{Name: "compressed_size", Offset: 28, Size: 4},
	{Name: "uncompressed_size", Offset: 32, Size: 4},
	{Name: "checksum", Offset: blockChecksum, Size: 4, Form: layout.Hexadecimal},
	{Name: "first_id", Offset: 88, Size: 8},
	{Name: "last_id", Offset: 96, Size: 8},
}, timestampFields(40, "first.")...), timestampFields(64, "last.")...)...)

// entryFields are those before the data.
var entryFields = layout.Fill(entryHead,
	layout.Field{Name: "entry_size", Offset: 0, Size: 4},
	layout.Field{Name: "event_id", Offset: 4, Size: 8},
	layout.Field{Name: "event_type", Offset: 12, Size: 4, Form: layout.Word, Words: typeNames},
	layout.Field{Name: "timestamp", Offset: 16, Size: 8, Form: layout.Seconds},
	layout.Field{Name: "format", Offset: 24, Size: 1, Form: layout.Word, Words: map[uint64]string{0: "json", 1: "json", 4: "bincode"}},
	layout.Field{Name: "compression", Offset: 25, Size: 1, Form: layout.Word, Words: map[uint64]string{0: "none", 1: "lz4"}},
	layout.Field{Name: "flags", Offset: 26, Size: 2, Form: layout.Hexadecimal},
	layout.Field{Name: "data_len", Offset: 28, Size: 8},
)

var entrySumFields = []layout.Field{{Name: "checksum", Offset: 0, Size: 4, Form: layout.Hexadecimal}}
