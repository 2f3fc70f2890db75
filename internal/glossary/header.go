// SPDX-License-Identifier: Apache-2.0

package glossary

const (
	text   = "string"
	number = "number"
	truth  = "bool"
	array  = "array"
	object = "object"

	hexID   = "0x and 16 digits"
	bytes64 = "base64"
	rfc3339 = "RFC 3339, UTC, nanoseconds"
)

// header has what stands in the header of every record.
var header = []Entry{
	field("ordinal", number, "", "reader", `1334021`, "its number in the journal, from 1 and without gaps"),
	field("cursor", text, "", "reader", `"vexj1.bB-aDlLzTwuPLRqcBL53Ew"`, "names the record for ever, to go on there; with --show-cursor, and in streams").asked("--after-cursor"),
	field("id", text, hexID, "all", `"0x0331d5208cdcb355"`, "the event id: rises over restarts, its highest byte is the producer").as("id", `id == 230586408302007125u`),
	field("time", text, rfc3339, "all", `"2026-03-01T12:00:00.125000000Z"`, "when, by the wall clock of the segment that the record is in").as("time", `time >= timestamp("2026-03-01T12:00:00Z")`).asked("--since"),
	field("ktime", number, "ns since boot", "all", `5000000000`, "when, by CLOCK_BOOTTIME"),
	field("type", text, "", "all", `"rename"`, "what happened: `vexjctl explain rename` explains that one").as("type", `type == "write"`).asked("--type"),
	field("category", text, "", "all", `"filesystem"`, "the family of the type: filesystem, graph, vector, agent, system, semantic, process, observability").as("category", `category == "process"`).asked("--category"),
	field("subtype", number, "", "kernel fuse", `65537`, "via in bits 16 to 23, kind in bits 0 to 15; missing if 0"),
	field("via", text, "", "kernel fuse", `"mmap"`, "how it came about: call (missing in JSON), mmap, splice, copy-range, uring, sendfile, clone, open, tmpfile, rename, kernel, aio").as("via", `via == "uring"`),
	field("kind", text, "", "kernel fuse", `"exchange"`, "which of its type: of a rename noreplace, exchange, whiteout; of a lock posix, flock, ofd; of an fsync data, range; the mode of a fallocate; of an mmap-write mapped, dirtied"),
	field("producer", text, "", "all", `"bpf-vfs"`, "what made the record").as("producer", `producer == "fuse"`),
	field("cpu", number, "", "all", `3`, "the CPU, or the writer's thread, that it was made on").as("cpu", `cpu == 3`),
	field("pid", number, "", "all", `4711`, "the acting process, in the initial pid namespace").as("pid", `pid == 4711`).asked("--pid"),
	field("sequence", number, "", "all", `1207`, "its number on that CPU or writer's thread, from 1"),
	field("global_sequence", number, "", "all", `48291`, "its number in the run of the producer, from 1; a number that is missing was lost"),
	field("local_sequence", number, "", "emitted", `7`, "its number in a stream of its maker; missing if 0"),
	field("flags", array, "", "all", `["failed", "path-unresolved"]`, "event flags that are set").as("flags", `"failed" in flags`).asked("--flag"),
	field("priority", text, "", "all", `"normal"`, "critical, high, normal, low or background; in an expression 1 to 5").as("priority", `priority <= 2`).asked("--min-priority"),
	field("version", number, "", "convert", `1`, "the layout of the record; missing if 2"),
	field("checksum", number, "", "convert", `3735928559`, "as a version 1 record has it; missing if 0"),
	field("compression", number, "", "convert", `1`, "as a version 1 record has it; missing if 0"),
	field("encryption", number, "", "convert", `1`, "as a version 1 record has it; missing if 0"),
	field("parent", text, hexID, "kernel fuse vector hnsw emitted", `"0x0731d5208cdcb301"`, "the event that caused this one: of an agent's effect, its intent").as("parent", `parent != 0u`),
	field("root_cause", text, hexID, "kernel fuse vector hnsw emitted", `"0x0731d5208cdcb301"`, "the first event of that chain; missing if it is the record itself").as("root", `root == 518816811307904769u`),
	field("visibility", text, "0x and digits", "kernel fuse vector hnsw emitted", `"0x6"`, "the agents that may see the record, a bit each; missing if all").as("visibility", `visibility == 6u`),
	field("relevance", number, "0 to 100", "emitted", `80`, "how much it matters, as its maker says; missing if 0").as("relevance", `relevance >= 50`).asked("--min-relevance"),
	field("replay_priority", number, "", "emitted", `1`, "as its maker says; missing if 0"),
}
