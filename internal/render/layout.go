// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"vexj/internal/quote"
	"vexj/uapi"
)

type form int

const (
	decimal form = iota
	signed
	hexadecimal
	octal
	typeWord
	flagWords
	text
	digest
)

// field is one of a packed structure of vexj.h.
type field struct {
	name string
	size int
	form form
}

func (f field) value(b []byte) string {
	var v uint64
	switch f.size {
	case 4:
		v = uint64(binary.LittleEndian.Uint32(b))
	case 8:
		v = binary.LittleEndian.Uint64(b)
	}
	switch f.form {
	case signed:
		if f.size == 4 {
			return strconv.Itoa(int(int32(v)))
		}
		return strconv.FormatInt(int64(v), 10)
	case hexadecimal:
		return "0x" + strconv.FormatUint(v, 16)
	case octal:
		return string(appendOctal(nil, "", uint32(v)))
	case typeWord:
		return "0x" + strconv.FormatUint(v, 16) + " " + uapi.Type(v).String()
	case flagWords:
		return strings.TrimRight("0x"+strconv.FormatUint(v, 16)+" "+uapi.Flags(v).String(), " ")
	case text:
		return quote.String(string(bytes.TrimRight(b[:f.size], "\x00")))
	case digest:
		return string(appendUUID(nil, [16]byte(b)))
	default:
		return strconv.FormatUint(v, 10)
	}
}

func layoutSize(l []field) int {
	n := 0
	for _, f := range l {
		n += f.size
	}
	if n == 0 {
		return -1
	}
	return n
}

var headerLayout = []field{
	{"event_id", 8, hexadecimal}, {"event_type", 4, typeWord}, {"event_subtype", 4, hexadecimal},
	{"ktime", 8, decimal}, {"sequence", 8, decimal}, {"cpu_id", 4, decimal}, {"process_id", 4, decimal},
	{"global_sequence", 8, decimal}, {"local_sequence", 8, decimal}, {"event_flags", 4, flagWords},
	{"event_priority", 4, decimal}, {"event_size", 4, decimal}, {"context_size", 4, decimal},
	{"payload_size", 4, decimal}, {"metadata_size", 4, decimal}, {"event_version", 4, decimal},
	{"checksum", 4, hexadecimal}, {"compression_type", 4, decimal}, {"encryption_type", 4, decimal},
	{"causality_link_count", 4, decimal}, {"parent_event_id", 8, hexadecimal}, {"root_cause_event_id", 8, hexadecimal},
	{"agent_visibility_mask", 8, hexadecimal}, {"agent_relevance_score", 4, decimal}, {"replay_priority", 4, decimal},
}

// linkLayout is a link without its description.
var linkLayout = []field{
	{"cause", 8, hexadecimal}, {"effect", 8, hexadecimal}, {"type", 4, decimal}, {"strength", 4, decimal}, {"delay", 8, decimal},
}

var fileLayout = []field{
	{"dev_major", 4, decimal}, {"dev_minor", 4, decimal}, {"inode", 8, decimal}, {"generation", 4, decimal},
	{"mode", 4, octal}, {"size", 8, decimal}, {"nlink", 4, decimal},
}

var attrLayouts = map[uapi.Tag][]field{
	uapi.AttrTask: {
		{"tid", 4, decimal}, {"ppid", 4, decimal}, {"uid", 4, decimal}, {"gid", 4, decimal}, {"start_time", 8, decimal},
		{"cgroup_id", 8, decimal}, {"mnt_ns", 4, decimal}, {"pid_ns", 4, decimal}, {"comm", 16, text},
	},
	uapi.AttrFile:   fileLayout,
	uapi.AttrFile2:  fileLayout,
	uapi.AttrIO:     {{"offset", 8, signed}, {"length", 8, decimal}, {"result", 8, signed}, {"duration", 8, decimal}},
	uapi.AttrParent: {{"inode", 8, decimal}, {"inode2", 8, decimal}},
	uapi.AttrOpen:   {{"flags", 4, octal}, {"mode", 4, octal}, {"fd", 4, signed}},
	uapi.AttrOwner:  {{"uid", 4, decimal}, {"gid", 4, decimal}},
	uapi.AttrTimes:  {{"atime", 8, signed}, {"mtime", 8, signed}},
	uapi.AttrChild:  {{"pid", 4, decimal}, {"tid", 4, decimal}, {"thread", 4, decimal}},
	uapi.AttrRdev:   {{"major", 4, decimal}, {"minor", 4, decimal}},
	uapi.AttrLock:   {{"command", 4, decimal}, {"blocking", 4, decimal}},
	uapi.AttrLost: {
		{"count", 8, decimal}, {"first", 8, decimal}, {"last", 8, decimal}, {"cause", 4, decimal}, {"cpu", 4, decimal},
	},
	uapi.AttrProducer: {
		{"producer", 4, decimal}, {"reserved", 4, decimal}, {"id_base", 8, hexadecimal}, {"attempted", 8, decimal},
		{"recorded", 8, decimal}, {"lost", 8, decimal}, {"filtered", 8, decimal},
	},
	uapi.AttrLegacy: {
		{"format", 4, decimal}, {"part", 4, decimal}, {"offset", 8, decimal}, {"size", 8, decimal}, {"at", 8, decimal},
		{"layout", 4, decimal}, {"encoding", 4, decimal}, {"compression", 4, decimal}, {"flags", 4, hexadecimal},
	},
	uapi.AttrRemoved: {
		{"first", 8, decimal}, {"last", 8, decimal}, {"records", 8, decimal}, {"bytes", 8, decimal},
		{"reason", 4, hexadecimal}, {"owed", 4, decimal},
	},
	uapi.AttrSearch: {
		{"k", 4, decimal}, {"ef", 4, decimal}, {"found", 4, decimal}, {"flags", 4, hexadecimal}, {"visited", 8, decimal},
		{"duration", 8, decimal}, {"radius", 4, hexadecimal}, {"hops", 4, decimal},
	},
	uapi.AttrPart:       {{"offset", 4, decimal}, {"size", 4, decimal}},
	uapi.AttrSimilarity: {{"other", 8, decimal}, {"distance", 4, hexadecimal}},
	uapi.AttrCluster: {
		{"clusters", 4, decimal}, {"iterations", 4, decimal}, {"seed", 8, decimal}, {"vectors", 8, decimal}, {"inertia", 4, hexadecimal},
	},
	uapi.AttrClock: {{"boottime", 8, decimal}, {"realtime", 8, decimal}, {"boot_id", 16, digest}},
}
