// SPDX-License-Identifier: Apache-2.0

package parquet

// A Row is a record, and with its tags the schema.
//
// What is optional is a pointer: of fields that are none, parquet-go v0.32 takes zero
// values for NULL, and does not for some of those behind a single one that is not zero.
type Row struct {
	Ordinal        uint64   `parquet:"ordinal,delta"`
	ID             uint64   `parquet:"id,delta"`
	Time           int64    `parquet:"time,timestamp(nanosecond),delta"`
	Ktime          uint64   `parquet:"ktime,delta"`
	Type           string   `parquet:"type,dict"`
	Category       string   `parquet:"category,dict"`
	Subtype        *uint32  `parquet:"subtype,optional,dict"`
	Via            *string  `parquet:"via,optional,dict"`
	Kind           *string  `parquet:"kind,optional,dict"`
	Producer       string   `parquet:"producer,dict"`
	CPU            uint32   `parquet:"cpu,dict"`
	PID            uint32   `parquet:"pid,dict"`
	Sequence       uint64   `parquet:"sequence,delta"`
	GlobalSequence uint64   `parquet:"global_sequence,delta"`
	LocalSequence  *uint64  `parquet:"local_sequence,optional,dict"`
	Flags          []string `parquet:"flags,optional,list" parquet-element:",dict"`
	Failed         bool     `parquet:"failed"`
	Priority       string   `parquet:"priority,dict"`
	Parent         *uint64  `parquet:"parent,optional,dict"`
	RootCause      *uint64  `parquet:"root_cause,optional,dict"`
	Visibility     uint64   `parquet:"visibility,dict"`
	Relevance      *uint32  `parquet:"relevance,optional,dict"`
	ReplayPriority *uint32  `parquet:"replay_priority,optional,dict"`

	Task      *Task      `parquet:"task,optional"`
	File      *File      `parquet:"file,optional"`
	File2     *File      `parquet:"file2,optional"`
	IO        *IO        `parquet:"io,optional"`
	Directory *Directory `parquet:"directory,optional"`
	Lost      *Lost      `parquet:"lost,optional"`

	Path       *string  `parquet:"path,optional,dict"`
	PathBytes  *[]byte  `parquet:"path_bytes,optional"`
	Path2      *string  `parquet:"path2,optional,dict"`
	Path2Bytes *[]byte  `parquet:"path2_bytes,optional"`
	Name       *string  `parquet:"name,optional,dict"`
	Argv       []string `parquet:"argv,optional,list"`

	AgentID         *string `parquet:"agent_id,optional,dict"`
	Session         *uint64 `parquet:"session,optional,dict"`
	AgentIntent     *string `parquet:"agent_intent,optional,dict"`
	AgentConfidence *uint32 `parquet:"agent_confidence,optional,dict"`
	Transaction     *uint64 `parquet:"transaction,optional,dict"`
	Chain           *uint64 `parquet:"chain,optional,dict"`
	Tags            *string `parquet:"tags,optional,dict"`

	// JSON: parquet-go v0.32 cannot write an optional column of that logical type.
	Rest *string `parquet:"rest,optional"`
}

// A Task is the acting thread.
type Task struct {
	TID       uint32 `parquet:"tid,dict"`
	PPID      uint32 `parquet:"ppid,dict"`
	UID       uint32 `parquet:"uid,dict"`
	GID       uint32 `parquet:"gid,dict"`
	StartTime uint64 `parquet:"start_time,dict"` // ns since boot
	Cgroup    uint64 `parquet:"cgroup,dict"`
	MntNS     uint32 `parquet:"mnt_ns,dict"`
	PidNS     uint32 `parquet:"pid_ns,dict"`
	Comm      string `parquet:"comm,dict"`
}

// A File is an object.
type File struct {
	Dev        string  `parquet:"dev,dict"` // major:minor
	Inode      uint64  `parquet:"inode,dict"`
	Generation uint32  `parquet:"generation,dict"`
	Mode       uint32  `parquet:"mode,dict"`
	Kind       *string `parquet:"kind,optional,dict"`
	Size       uint64  `parquet:"size,dict"`
	Nlink      uint32  `parquet:"nlink,dict"`
}

// An IO is extent and outcome.
type IO struct {
	Offset   *int64  `parquet:"offset,optional"`
	Length   uint64  `parquet:"length,dict"`
	Result   int64   `parquet:"result,dict"`
	Error    *string `parquet:"error,optional,dict"`
	Duration *uint64 `parquet:"duration,optional"` // ns
}

// A Directory has the inodes of the folders of both paths.
type Directory struct {
	Inode  uint64 `parquet:"inode,dict"`
	Inode2 uint64 `parquet:"inode2,dict"`
}

// Lost is what a record of a loss tells.
type Lost struct {
	Count uint64  `parquet:"count"`
	First uint64  `parquet:"first"`
	Last  uint64  `parquet:"last"`
	Cause string  `parquet:"cause,dict"`
	CPU   *uint32 `parquet:"cpu,optional"` // NULL: several
}
