/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * vexj: the semantic journal record, its types and its attributes.
 *
 * This file is the only definition of the record in C. The kernel module, the
 * eBPF programs and C programs include it; the Go view in this folder is
 * checked against it, offset by offset.
 *
 * THE RECORD
 *
 * Little-endian, packed, aligned to 4 bytes. One record is
 *
 *	+--------------------+ 0
 *	| struct vexj_record | 132 bytes, fixed for ever
 *	+--------------------+ 132
 *	| context            | context_size bytes; version 2: attributes
 *	+--------------------+
 *	| payload            | payload_size bytes, opaque
 *	+--------------------+
 *	| metadata           | metadata_size bytes, opaque
 *	+--------------------+
 *	| causality links    | causality_link_count * 160 bytes
 *	+--------------------+ event_size
 *
 * event_size is a multiple of 4 and is exactly the sum of the parts, each part
 * but the last rounded up to 4 with zeroes. A reader refuses a record for which this does
 * not hold, or whose version it does not know.
 *
 * ATTRIBUTES (event_version 2)
 *
 *	+---------+---------+----------------+---------------+
 *	| tag u16 | len u16 | len bytes      | 0 to 3 zeroes |
 *	+---------+---------+----------------+---------------+
 *
 * A run of them fills the context exactly. len excludes the head and the
 * padding. A tag appears at most once. A reader skips a tag that it does not
 * know. The meaning and the size of a tag never change and no number is used
 * again; a new fact is a new tag.
 *
 * Strings (path, name, intent, ...) have no terminating NUL and no promised
 * encoding: a file name is any bytes but '/' and NUL.
 *
 * ORDER AND LOSS
 *
 * A producer takes global_sequence, from 1 up, before it asks the ring for
 * room: whatever then does not fit leaves a gap. Whoever drains the ring puts a
 * VEXJ_SYS_LOST record where a gap is; it bears the global_sequence and the
 * event_id of the last missing record that it accounts for. So for one run of a
 * producer, from VEXJ_SYS_PRODUCER_START to VEXJ_SYS_PRODUCER_STOP, both of
 * which take a number too:
 *
 *	highest global_sequence == records + sum of vexj_attr_lost.count
 *	                           (LOST records themselves not counted)
 *
 * Where the producer cannot number globally (BPF before Linux 5.12),
 * global_sequence is 0 and the same holds for `sequence` on each CPU.
 *
 * event_id = producer << 56 | ((CLOCK_REALTIME at start in ns >> 7) +
 * global_sequence), so that ids rise across restarts without coordination as
 * long as fewer than 7.8 million records a second are made on average.
 *
 * PATHS
 *
 * Absolute, as seen from the root of the mount namespace of the acting task
 * (not from its chroot). Where they cannot be had whole, event_flags says how:
 * VEXJ_F_PATH_TRUNCATED, the root side is missing (the path then has no leading
 * slash and begins with "..."/), VEXJ_F_PATH_UNRESOLVED, symbolic links or
 * mounts may be unfollowed in it, VEXJ_F_UNLINKED, the last name of an object
 * that has none now.
 *
 * DECLARED IDENTITY
 *
 * What a program says of itself is in environment variables, and a producer
 * copies these at its exec (one that sees no execs: into the first record that it
 * makes of the program): AI_AGENT, CLAUDECODE, CLAUDE_CODE_SESSION_ID,
 * CODEX_THREAD_ID, TRACEPARENT. VEXJ_ATTR_DECLARED has them as NAME=VALUE, in the
 * order of the environment, with a NUL between two, each cut after
 * VEXJ_DECLARED_ONE bytes and all together at most VEXJ_DECLARED_MAX. Only the
 * first VEXJ_DECLARED_SCAN variables are looked at. Anybody can set a variable, so
 * this is a claim: who acted for whom is said by AGENT_ID and SESSION, which a
 * context puts there, and never by what was declared.
 */
#ifndef _UAPI_VEXJ_H
#define _UAPI_VEXJ_H

#ifdef __VMLINUX_H__
/* eBPF: the integer types come from the kernel's own BTF. */
#else
#include <linux/ioctl.h>
#include <linux/types.h>
#endif

#define VEXJ_EVENT_VERSION_1	1	/* fixed context of 5,280 bytes: legacy */
#define VEXJ_EVENT_VERSION	2	/* attributes */

#define VEXJ_RECORD_ALIGN	4
#define VEXJ_RECORD_MAX		65536	/* bytes, of a version 2 record */
#define VEXJ_PATH_MAX		4096	/* bytes, of one path attribute */
#define VEXJ_VALUE_MAX		256	/* bytes, of the value of an extended attribute */
#define VEXJ_LINK_SIZE		160
#define VEXJ_DECLARED_ONE	256	/* bytes of a declared variable, with its name */
#define VEXJ_DECLARED_MAX	2048	/* bytes of them all */
#define VEXJ_DECLARED_SCAN	1024	/* variables that are looked at */

#define VEXJ_PACKED		__attribute__((packed, aligned(4)))

struct vexj_record {
	__u64 event_id;
	__u32 event_type;		/* enum vexj_type */
	__u32 event_subtype;		/* VEXJ_SUBTYPE(), 0 if none */
	__u64 ktime;			/* ns, CLOCK_BOOTTIME */
	__u64 sequence;			/* per CPU or writer thread, from 1 */
	__u32 cpu_id;
	__u32 process_id;		/* tgid, initial pid namespace */
	__u64 global_sequence;		/* per producer, from 1; 0: none */
	__u64 local_sequence;		/* per stream */
	__u32 event_flags;		/* VEXJ_F_* */
	__u32 event_priority;		/* 1 critical .. 5 background */
	__u32 event_size;		/* bytes, all of the record */
	__u32 context_size;
	__u32 payload_size;
	__u32 metadata_size;
	__u32 event_version;
	__u32 checksum;			/* 0 in version 2 */
	__u32 compression_type;		/* 0 */
	__u32 encryption_type;		/* 0 */
	__u32 causality_link_count;
	__u64 parent_event_id;		/* what caused this one; 0: none */
	__u64 root_cause_event_id;	/* first of that chain; itself if none */
	__u64 agent_visibility_mask;	/* which agents may see it; ~0: all */
	__u32 agent_relevance_score;	/* 0 to 100 */
	__u32 replay_priority;
} VEXJ_PACKED;

struct vexj_link {
	__u64 cause;			/* event_id */
	__u64 effect;			/* event_id */
	__u32 type;
	__u32 strength;
	__u64 delay;			/* ns */
	char  description[128];
} VEXJ_PACKED;

/* event_flags */
#define VEXJ_F_ATOMIC		0x00000001
#define VEXJ_F_TRANSACTIONAL	0x00000002
#define VEXJ_F_CAUSAL		0x00000004
#define VEXJ_F_AGENT_VISIBLE	0x00000008
#define VEXJ_F_DETERMINISTIC	0x00000010
#define VEXJ_F_COMPRESSED	0x00000020
#define VEXJ_F_INDEXED		0x00000040
#define VEXJ_F_REPLICATED	0x00000080
#define VEXJ_F_PATH_TRUNCATED	0x00010000	/* cut on the root side */
#define VEXJ_F_PATH_UNRESOLVED	0x00020000	/* not from a dentry up to the root */
#define VEXJ_F_OVERLAY_LOWER	0x00040000	/* object is on an overlay's lower layer */
#define VEXJ_F_FAILED		0x00080000	/* io.result is a negative errno */
#define VEXJ_F_COALESCED	0x00100000	/* stands for several operations */
#define VEXJ_F_OBJECT_UNKNOWN	0x00200000	/* no file attribute though there was a file */
#define VEXJ_F_UNLINKED		0x00400000	/* the object has no name any more */
#define VEXJ_F_PATH2_TRUNCATED	0x00800000	/* as PATH_TRUNCATED, for path2 */
#define VEXJ_F_PATH2_UNRESOLVED	0x01000000	/* as PATH_UNRESOLVED, for path2 */

/* event_priority */
#define VEXJ_PRIORITY_CRITICAL		1
#define VEXJ_PRIORITY_HIGH		2
#define VEXJ_PRIORITY_NORMAL		3
#define VEXJ_PRIORITY_LOW		4
#define VEXJ_PRIORITY_BACKGROUND	5

/* event_type: category in bits 8 to 15, operation in bits 0 to 7. */
#define VEXJ_CATEGORY(type)	((type) & 0xff00)

enum vexj_type {
	VEXJ_CAT_FILESYSTEM	= 0x0100,
	VEXJ_FS_CREATE		= 0x0101,
	VEXJ_FS_DELETE		= 0x0102,
	VEXJ_FS_READ		= 0x0103,
	VEXJ_FS_WRITE		= 0x0104,
	VEXJ_FS_RENAME		= 0x0105,	/* path -> path2; file is the moved object */
	VEXJ_FS_CHMOD		= 0x0106,
	VEXJ_FS_CHOWN		= 0x0107,
	VEXJ_FS_TRUNCATE	= 0x0108,	/* io.length: the size asked for */
	VEXJ_FS_MKDIR		= 0x0109,
	VEXJ_FS_RMDIR		= 0x010a,
	VEXJ_FS_SYMLINK		= 0x010b,	/* path: the link; path2: its target, verbatim */
	VEXJ_FS_HARDLINK	= 0x010c,	/* path: the existing name; path2: the new one */
	VEXJ_FS_OPEN		= 0x0140,
	VEXJ_FS_CLOSE		= 0x0141,
	VEXJ_FS_MKNOD		= 0x0142,
	VEXJ_FS_SETXATTR	= 0x0143,	/* name; io.length: bytes of the value */
	VEXJ_FS_REMOVEXATTR	= 0x0144,
	VEXJ_FS_UTIMES		= 0x0145,
	VEXJ_FS_FALLOCATE	= 0x0146,	/* subtype kind: FALLOC_FL_* */
	VEXJ_FS_MMAP_WRITE	= 0x0147,
	VEXJ_FS_READDIR		= 0x0148,
	VEXJ_FS_LOCK		= 0x0149,
	VEXJ_FS_FSYNC		= 0x014a,	/* subtype kind 1: fdatasync, 2: sync_file_range */
	VEXJ_FS_STAT		= 0x014b,
	VEXJ_FS_ACCESS		= 0x014c,
	VEXJ_FS_READLINK	= 0x014d,
	VEXJ_FS_GETXATTR	= 0x014e,
	VEXJ_FS_LISTXATTR	= 0x014f,
	VEXJ_FS_STATFS		= 0x0150,
	VEXJ_FS_IOCTL		= 0x0151,	/* that change a file: flags, project, verity */
	VEXJ_FS_CHDIR		= 0x0152,

	VEXJ_CAT_GRAPH		= 0x0200,
	VEXJ_GRAPH_NODE_CREATE	= 0x0201,
	VEXJ_GRAPH_NODE_DELETE	= 0x0202,
	VEXJ_GRAPH_NODE_UPDATE	= 0x0203,
	VEXJ_GRAPH_EDGE_CREATE	= 0x0204,
	VEXJ_GRAPH_EDGE_DELETE	= 0x0205,
	VEXJ_GRAPH_EDGE_UPDATE	= 0x0206,
	VEXJ_GRAPH_PROP_SET	= 0x0207,
	VEXJ_GRAPH_PROP_DELETE	= 0x0208,
	VEXJ_GRAPH_TRAVERSE	= 0x0209,
	VEXJ_GRAPH_QUERY	= 0x020a,

	VEXJ_CAT_VECTOR		= 0x0300,
	VEXJ_VECTOR_CREATE	= 0x0301,
	VEXJ_VECTOR_DELETE	= 0x0302,
	VEXJ_VECTOR_UPDATE	= 0x0303,
	VEXJ_VECTOR_SEARCH	= 0x0304,
	VEXJ_VECTOR_INDEX	= 0x0305,
	VEXJ_VECTOR_SIMILARITY	= 0x0306,
	VEXJ_VECTOR_CLUSTER	= 0x0307,
	VEXJ_VECTOR_EMBED	= 0x0308,

	VEXJ_CAT_AGENT		= 0x0400,
	VEXJ_AGENT_QUERY	= 0x0401,
	VEXJ_AGENT_REASONING	= 0x0402,
	VEXJ_AGENT_DECISION	= 0x0403,
	VEXJ_AGENT_ORCHESTRATION = 0x0404,
	VEXJ_AGENT_LEARNING	= 0x0405,
	VEXJ_AGENT_INTERACTION	= 0x0406,

	VEXJ_CAT_SYSTEM		= 0x0500,
	VEXJ_SYS_MOUNT		= 0x0501,	/* path: where; path2: what */
	VEXJ_SYS_UNMOUNT	= 0x0502,
	VEXJ_SYS_SYNC		= 0x0503,	/* sync(2), syncfs(2) */
	VEXJ_SYS_CHECKPOINT	= 0x0504,
	VEXJ_SYS_RECOVERY	= 0x0505,
	VEXJ_SYS_OPTIMIZATION	= 0x0506,
	VEXJ_SYS_LOST		= 0x0540,	/* see ORDER AND LOSS */
	VEXJ_SYS_PRODUCER_START	= 0x0541,	/* producer, coverage, clock */
	VEXJ_SYS_PRODUCER_STOP	= 0x0542,	/* producer with final counts; coverage: what turned out unseen */
	VEXJ_SYS_CLOCK		= 0x0543,	/* clock */
	VEXJ_SYS_LEGACY		= 0x0544,	/* legacy: what of a converted file is no event */
	VEXJ_SYS_REMOVED	= 0x0545,	/* removed; consumers: of the journal it is in */

	VEXJ_CAT_SEMANTIC	= 0x0600,
	VEXJ_SEM_TX_BEGIN	= 0x0601,
	VEXJ_SEM_TX_END		= 0x0602,
	VEXJ_SEM_CAUSALITY_LINK	= 0x0603,
	VEXJ_SEM_INTENT		= 0x0604,
	VEXJ_SEM_CONTEXT_SWITCH	= 0x0605,
	VEXJ_SEM_LINK		= 0x0606,

	VEXJ_CAT_PROCESS	= 0x0700,
	VEXJ_PROC_FORK		= 0x0701,	/* child */
	VEXJ_PROC_EXEC		= 0x0702,	/* path: the program; argv */
	VEXJ_PROC_EXIT		= 0x0703,	/* io.result: wait status */

	VEXJ_CAT_OBSERVABILITY	= 0x0800,
	VEXJ_OBS_METRIC		= 0x0801,
	VEXJ_OBS_LOG		= 0x0802,
	VEXJ_OBS_SPAN_START	= 0x0803,
	VEXJ_OBS_SPAN_END	= 0x0804,
	VEXJ_OBS_ALERT		= 0x0805,
	VEXJ_OBS_HEALTH		= 0x0806,
	VEXJ_OBS_PERF_COUNTER	= 0x0807,
	VEXJ_OBS_ERROR		= 0x0808,
	VEXJ_OBS_AUDIT		= 0x0809,
	VEXJ_OBS_STATUS		= 0x080a,
	VEXJ_OBS_RESOURCE	= 0x080b,
	VEXJ_OBS_THRESHOLD	= 0x080c,
};

/*
 * event_subtype: how the operation came about in bits 16 to 23, and a kind that
 * depends on the type in bits 0 to 15.
 */
#define VEXJ_SUBTYPE(via, kind)	((__u32)(via) << 16 | (__u32)(kind))
#define VEXJ_SUBTYPE_VIA(s)	((s) >> 16 & 0xff)
#define VEXJ_SUBTYPE_KIND(s)	((s) & 0xffff)

enum vexj_via {
	VEXJ_VIA_CALL		= 0,	/* the plain call: write, pwrite, writev, unlinkat ... */
	VEXJ_VIA_MMAP		= 1,
	VEXJ_VIA_SPLICE		= 2,	/* splice, vmsplice */
	VEXJ_VIA_COPY_RANGE	= 3,	/* copy_file_range */
	VEXJ_VIA_URING		= 4,
	VEXJ_VIA_SENDFILE	= 5,
	VEXJ_VIA_CLONE		= 6,	/* FICLONE, FICLONERANGE */
	VEXJ_VIA_OPEN		= 7,	/* a create or truncate that open did */
	VEXJ_VIA_TMPFILE	= 8,	/* a create by O_TMPFILE */
	VEXJ_VIA_RENAME		= 9,	/* the delete of what a rename replaced */
	VEXJ_VIA_KERNEL		= 10,	/* a kernel-internal caller: nfsd, overlayfs ... */
	VEXJ_VIA_AIO		= 11,	/* io_submit */
};

/* Kinds. RENAME: the renameat2 flags. FALLOCATE: the mode. */
#define VEXJ_MMAP_MAPPED	1	/* MMAP_WRITE: a shared writable mapping was made */
#define VEXJ_MMAP_DIRTIED	2	/* MMAP_WRITE: a page of one was dirtied first */
#define VEXJ_LOCK_POSIX		1	/* LOCK: fcntl */
#define VEXJ_LOCK_FLOCK		2
#define VEXJ_LOCK_OFD		3
#define VEXJ_FSYNC_ALL		0
#define VEXJ_FSYNC_DATA		1
#define VEXJ_FSYNC_RANGE	2

/* Top 8 bits of event_id. */
enum vexj_producer {
	VEXJ_PRODUCER_KMOD	= 1,
	VEXJ_PRODUCER_BPF_VFS	= 2,
	VEXJ_PRODUCER_BPF_SYSCALL = 3,
	VEXJ_PRODUCER_FUSE	= 4,
	VEXJ_PRODUCER_VECTOR	= 5,
	VEXJ_PRODUCER_HNSW	= 6,
	VEXJ_PRODUCER_AGENT	= 7,
	VEXJ_PRODUCER_TEST	= 8,	/* generators of tests and benchmarks */
	VEXJ_PRODUCER_JOURNAL	= 9,	/* the journal, about itself: numbers nothing */
};

enum vexj_lost_cause {
	VEXJ_LOST_UNKNOWN	= 0,	/* numbered, never seen, no counter tells why */
	VEXJ_LOST_FULL		= 1,	/* no room in the ring */
	VEXJ_LOST_TOO_BIG	= 2,	/* does not fit any ring record */
	VEXJ_LOST_NESTED	= 3,	/* the probe was already running on this CPU */
	VEXJ_LOST_PATH		= 4,	/* no room to build the path */
	VEXJ_LOST_FAULT		= 5,	/* memory could not be read */
	VEXJ_LOST_STATE		= 6,	/* no room to keep the call's entry until its exit */
	VEXJ_LOST_MALFORMED	= 7,	/* the ring held bytes that are no record */
	VEXJ_LOST_UNCLEAN	= 8,	/* the recorder ended without draining; count 0: unknown */
	VEXJ_LOST_CAUSES	= 9,
};

/* What a converted record comes from. */
enum vexj_legacy_format {
	VEXJ_LEGACY_SEMJ1	= 1,	/* the kernel journal, version 1 */
	VEXJ_LEGACY_USJL1	= 2,	/* the userspace journal, version 1 */
};

enum vexj_legacy_part {
	VEXJ_PART_EVENT		= 1,	/* the record is it */
	VEXJ_PART_HEADER	= 2,	/* payload: the header of the file */
	VEXJ_PART_PAYLOAD	= 3,	/* payload: some of the last event's */
	VEXJ_PART_BLOCK		= 4,	/* payload: the header of a storage block */
	VEXJ_PART_INDEX		= 5,	/* payload: index entries */
	VEXJ_PART_BYTES		= 6,	/* payload: bytes as they stand in the file */
	VEXJ_PART_ZEROES	= 7,	/* size zeroes */
	VEXJ_PART_END		= 8,	/* payload: SHA-256 of the file; size: its bytes */
};

/* Why records were removed. */
#define VEXJ_REMOVED_SIZE	1	/* the journal was larger than it may be */
#define VEXJ_REMOVED_AGE	2	/* they were older than they may be */
#define VEXJ_REMOVED_FORCED	4	/* somebody was still owed them */
#define VEXJ_REMOVED_ARCHIVE	8	/* the archive that has them was forgotten */

/* Elements of vectors; those of more than a byte are little-endian. */
enum vexj_elem {
	VEXJ_ELEM_FLOAT32	= 0,	/* IEEE 754, neither NaN nor infinite */
	VEXJ_ELEM_FLOAT16	= 1,	/* the same */
	VEXJ_ELEM_INT8		= 2,
	VEXJ_ELEM_INT16		= 3,
	VEXJ_ELEM_BINARY	= 4,	/* bits, the first is the lowest of its byte */
};

/* Distances of vectors: what is nearer has the smaller one. */
enum vexj_metric {
	VEXJ_METRIC_L2		= 0,	/* sum of (a - b)^2 */
	VEXJ_METRIC_COSINE	= 1,	/* 1 - a.b / |a||b| */
	VEXJ_METRIC_DOT		= 2,	/* -a.b */
	VEXJ_METRIC_MANHATTAN	= 3,	/* sum of |a - b| */
	VEXJ_METRIC_HAMMING	= 4,	/* elements that differ */
};

/* vexj_attr_search.flags */
#define VEXJ_SEARCH_EXACT	1	/* all vectors were looked at */
#define VEXJ_SEARCH_FILTERED	2	/* some were left out on purpose */
#define VEXJ_SEARCH_RANGE	4	/* whatever is within the radius */
#define VEXJ_SEARCH_QUANTISED	8	/* short codes led, the vectors decided */

/* Attribute tags; the size is fixed unless "bytes" is said. */
enum vexj_tag {
	VEXJ_ATTR_TASK		= 1,	/* struct vexj_attr_task */
	VEXJ_ATTR_FILE		= 2,	/* struct vexj_attr_file */
	VEXJ_ATTR_IO		= 3,	/* struct vexj_attr_io */
	VEXJ_ATTR_PATH		= 4,	/* bytes */
	VEXJ_ATTR_PATH2		= 5,	/* bytes */
	VEXJ_ATTR_NAME		= 6,	/* bytes: the extended attribute's name */
	VEXJ_ATTR_PARENT	= 7,	/* struct vexj_attr_parent */
	VEXJ_ATTR_FILE2		= 8,	/* struct vexj_attr_file: RENAME_EXCHANGE's, a copy's source */
	VEXJ_ATTR_OPEN		= 9,	/* struct vexj_attr_open */
	VEXJ_ATTR_OWNER		= 10,	/* struct vexj_attr_owner: CHOWN */
	VEXJ_ATTR_TIMES		= 11,	/* struct vexj_attr_times: UTIMES */
	VEXJ_ATTR_CHILD		= 12,	/* struct vexj_attr_child: FORK */
	VEXJ_ATTR_ARGV		= 13,	/* bytes: EXEC, NUL between arguments, may be cut */
	VEXJ_ATTR_RDEV		= 14,	/* struct vexj_attr_rdev: MKNOD of a device */
	VEXJ_ATTR_LOCK		= 15,	/* struct vexj_attr_lock */
	VEXJ_ATTR_DECLARED	= 16,	/* bytes: see DECLARED IDENTITY */
	VEXJ_ATTR_VALUE		= 17,	/* bytes: SETXATTR's value, whole; none if longer than VEXJ_VALUE_MAX */

	VEXJ_ATTR_LOST		= 32,	/* struct vexj_attr_lost */
	VEXJ_ATTR_PRODUCER	= 33,	/* struct vexj_attr_producer */
	VEXJ_ATTR_COVERAGE	= 34,	/* bytes: text, one uncovered thing a line */
	VEXJ_ATTR_CLOCK		= 35,	/* struct vexj_attr_clock */
	VEXJ_ATTR_REMOVED	= 36,	/* struct vexj_attr_removed */
	VEXJ_ATTR_CONSUMERS	= 37,	/* bytes: text, "NAME ORDINAL" a line: who was owed them, and acknowledged what */

	VEXJ_ATTR_VECTOR_METRIC	= 48,	/* u32: enum vexj_metric */
	VEXJ_ATTR_SEARCH	= 49,	/* struct vexj_attr_search */
	VEXJ_ATTR_RESULTS	= 50,	/* bytes: what was found, nearest first: {u64 vector id, float32 distance} each */
	VEXJ_ATTR_PART		= 51,	/* struct vexj_attr_part */
	VEXJ_ATTR_COLLECTION	= 52,	/* bytes: name of the collection that the vector or the graph is of */
	VEXJ_ATTR_MODEL		= 53,	/* bytes: what made a vector of a text: EMBED */
	VEXJ_ATTR_SIMILARITY	= 54,	/* struct vexj_attr_similarity */
	VEXJ_ATTR_CLUSTER	= 55,	/* struct vexj_attr_cluster */

	/* One for each remaining field of the version 1 context. */
	VEXJ_ATTR_TRANSACTION	= 64,	/* u64 */
	VEXJ_ATTR_SESSION	= 65,	/* u64 */
	VEXJ_ATTR_CHAIN		= 66,	/* u64: causality chain */
	VEXJ_ATTR_FILE_TYPE	= 67,	/* u32 */
	VEXJ_ATTR_GRAPH_NODE	= 68,	/* u64 */
	VEXJ_ATTR_GRAPH_EDGE	= 69,	/* u64 */
	VEXJ_ATTR_GRAPH_OP	= 70,	/* u32 */
	VEXJ_ATTR_VECTOR_ID	= 71,	/* u64 */
	VEXJ_ATTR_VECTOR_DIMS	= 72,	/* u32 */
	VEXJ_ATTR_VECTOR_ELEM	= 73,	/* u32: enum vexj_elem */
	VEXJ_ATTR_AGENT_ID	= 74,	/* bytes */
	VEXJ_ATTR_AGENT_INTENT	= 75,	/* bytes */
	VEXJ_ATTR_AGENT_CONFIDENCE = 76, /* u32 */
	VEXJ_ATTR_SYSTEM_LOAD	= 77,	/* u32 */
	VEXJ_ATTR_SYSTEM_MEMORY	= 78,	/* u64 */
	VEXJ_ATTR_SYSTEM_IO	= 79,	/* u32: io pressure */
	VEXJ_ATTR_TAGS		= 80,	/* bytes: JSON */
	VEXJ_ATTR_SEM_INTENT	= 81,	/* bytes */
	VEXJ_ATTR_SEM_CONFIDENCE = 82,	/* u32 */

	VEXJ_ATTR_LEGACY	= 96,	/* struct vexj_attr_legacy */
	VEXJ_ATTR_LEGACY_FIX	= 97,	/* bytes: {u32 offset, u32 len, bytes, padding to 4}: see package compat */
};

struct vexj_attr {
	__u16 tag;
	__u16 len;		/* bytes, without this head and the padding */
} VEXJ_PACKED;

/* The acting thread. Ids are those of the initial namespaces. */
struct vexj_attr_task {
	__u32 tid;
	__u32 ppid;
	__u32 uid;		/* fsuid */
	__u32 gid;		/* fsgid */
	__u64 start_time;	/* ns, CLOCK_BOOTTIME: with process_id, names a process for ever */
	__u64 cgroup_id;	/* of the default (v2) hierarchy */
	__u32 mnt_ns;		/* inode number of the namespace */
	__u32 pid_ns;
	char  comm[16];		/* NUL padded */
} VEXJ_PACKED;

/* The object acted upon, as it is after the operation (DELETE, RMDIR: before). */
struct vexj_attr_file {
	__u32 dev_major;	/* of the superblock */
	__u32 dev_minor;
	__u64 inode;
	__u32 generation;
	__u32 mode;		/* type and permissions */
	__u64 size;		/* bytes */
	__u32 nlink;
} VEXJ_PACKED;

struct vexj_attr_io {
	__s64 offset;		/* bytes; -1: not applicable */
	__u64 length;		/* bytes asked for */
	__s64 result;		/* bytes done, or another value >= 0, or -errno */
	__u64 duration;		/* ns; 0: not measured */
} VEXJ_PACKED;

struct vexj_attr_parent {
	__u64 inode;		/* directory of path; 0: unknown */
	__u64 inode2;		/* directory of path2; 0: none or unknown */
} VEXJ_PACKED;

struct vexj_attr_open {
	__u32 flags;		/* O_* as the kernel took them */
	__u32 mode;		/* asked for on creation */
	__s32 fd;		/* -1: none */
} VEXJ_PACKED;

struct vexj_attr_owner {
	__u32 uid;		/* asked for; ~0: unchanged */
	__u32 gid;
} VEXJ_PACKED;

struct vexj_attr_times {	/* after the operation; ns since 1970 */
	__s64 atime;
	__s64 mtime;
} VEXJ_PACKED;

struct vexj_attr_child {
	__u32 pid;		/* tgid of the child */
	__u32 tid;
	__u32 thread;		/* 1: a thread of the same process */
} VEXJ_PACKED;

struct vexj_attr_rdev {
	__u32 major;
	__u32 minor;
} VEXJ_PACKED;

struct vexj_attr_lock {
	__u32 command;		/* 0 unlock, 1 shared, 2 exclusive */
	__u32 blocking;		/* 1: waits */
} VEXJ_PACKED;

struct vexj_attr_lost {
	__u64 count;		/* records; 0 with VEXJ_LOST_UNCLEAN: unknown */
	__u64 first;		/* lowest missing global_sequence */
	__u64 last;		/* highest missing global_sequence */
	__u32 cause;		/* enum vexj_lost_cause: the main one */
	__u32 cpu;		/* ~0: several */
} VEXJ_PACKED;

struct vexj_attr_producer {
	__u32 producer;		/* enum vexj_producer */
	__u32 reserved;		/* 0 */
	__u64 id_base;		/* event_id of global_sequence 0 */
	__u64 attempted;	/* START: 0 */
	__u64 recorded;		/* put into the ring */
	__u64 lost;		/* numbered, not put into the ring */
	__u64 filtered;		/* seen, not wanted, not numbered */
} VEXJ_PACKED;

/* Records taken out of the journal on purpose. */
struct vexj_attr_removed {
	__u64 first;		/* ordinals */
	__u64 last;
	__u64 records;
	__u64 bytes;		/* of the files */
	__u32 reason;		/* VEXJ_REMOVED_* */
	__u32 owed;		/* consumers that had not acknowledged all of them */
} VEXJ_PACKED;

struct vexj_attr_clock {
	__u64 boottime;		/* ns, CLOCK_BOOTTIME */
	__u64 realtime;		/* ns, CLOCK_REALTIME at the same instant */
	__u8  boot_id[16];
} VEXJ_PACKED;

/* A search for vectors, or the way of one through a graph. */
struct vexj_attr_search {
	__u32 k;		/* neighbours asked for; 0: as many as there are */
	__u32 ef;		/* breadth of the search; 0: it is exact */
	__u32 found;
	__u32 flags;		/* VEXJ_SEARCH_* */
	__u64 visited;		/* distances that were computed; 0: not counted */
	__u64 duration;		/* ns; 0: not measured */
	__u32 radius;		/* float32, of VEXJ_SEARCH_RANGE */
	__u32 hops;		/* nodes whose neighbours were looked at */
} VEXJ_PACKED;

/*
 * The payload is a part of something that no record has room for. The parts
 * follow each other in the journal, from offset 0 up; with the last one it is
 * whole, and until then it is not there.
 */
struct vexj_attr_part {
	__u32 offset;		/* bytes */
	__u32 size;		/* bytes of the whole */
} VEXJ_PACKED;

/* VECTOR_SIMILARITY: of the vector of VECTOR_ID and this one. */
struct vexj_attr_similarity {
	__u64 other;		/* vector id */
	__u32 distance;		/* float32, by the metric */
} VEXJ_PACKED;

/* VECTOR_CLUSTER: the vectors were parted around centres. */
struct vexj_attr_cluster {
	__u32 clusters;
	__u32 iterations;
	__u64 seed;
	__u64 vectors;
	__u32 inertia;		/* float32: mean distance to the centre */
} VEXJ_PACKED;

/* Where in a legacy file a converted record comes from, and what it said there. */
struct vexj_attr_legacy {
	__u32 format;		/* enum vexj_legacy_format */
	__u32 part;		/* enum vexj_legacy_part */
	__u64 offset;		/* bytes: of the part in the file, or in the data of its block */
	__u64 size;		/* bytes of the part */
	__u64 at;		/* PAYLOAD, INDEX, BYTES: where the payload belongs in the part;
				   EVENT: bytes of its payload that follow as PAYLOAD */
	__u32 layout;		/* which way of laying out the part: see package compat */
	__u32 encoding;		/* SEMJ: encryption_type; USJL: format */
	__u32 compression;	/* as it says there */
	__u32 flags;		/* USJL: flags of the entry */
} VEXJ_PACKED;

/*
 * THE DEVICE
 *
 * The kernel module makes /dev/vexj, a misc device of mode 0600. What may be done
 * with a descriptor of it:
 *
 *	read permission		looks: INFO, COUNTERS, HOOK, FILTER_GET,
 *				CONTEXT_GET, CONTEXT_OF, PEEK
 *	write permission	write(2)s records of its own
 *	CAP_SYS_ADMIN		CONSUME, FILTER_SET, FOLLOW, UNFOLLOW, CONTEXT_SET,
 *				CONTEXT_CLEAR; in the initial user namespace
 *
 * VEXJ_IOC_CONSUME makes of a descriptor the consumer, of which there is one at
 * a time, and begins a run: rings of its own, numbers from 1, counters from 0.
 * RING and SEQUENCE are the consumer's alone. The run ends when the consumer's
 * descriptor is closed, or by VEXJ_IOC_STOP. What its rings still hold can be
 * peeked at until the next run begins.
 *
 * VEXJ_IOC_RING returns a new descriptor of one CPU's ring, with the layout and
 * the memory order of the BPF ring buffer (see package ring): page 0 is the
 * consumer's position, writable; page 1 the producer's, and the data, mapped
 * twice in a row, are read-only for ever. It polls readable when there is
 * something in the ring, and wakes its sleepers when `watermark` bytes have come
 * since they last were woken, or when a record has waited for deadline_ms.
 *
 * write(2) takes one or more whole records, one behind the other, and returns the
 * bytes of those that were taken. The writer leaves 0 what the kernel stamps:
 * event_id, ktime, sequence, cpu_id, process_id, global_sequence, and has no TASK
 * attribute. parent_event_id, root_cause_event_id and agent_visibility_mask are
 * the writer's if they are not 0; a context can narrow the mask, not widen it.
 * Errors:
 *
 *	EPERM		the type is not of the categories graph, vector, agent, semantic
 *			or observability; or an attribute is that only a producer
 *			makes (TASK, DECLARED, LOST, PRODUCER, COVERAGE, CLOCK), or claims
 *			another agent or session than the writer's context has
 *	EINVAL		not a whole, well-formed record of version 2
 *	EMSGSIZE	longer than VEXJ_RECORD_MAX once stamped, or than the ring
 *	ENOTCONN	there is no consumer
 *	ENOBUFS		the ring is full: the record is counted as lost
 *
 * In all structs what is reserved must be 0, and addresses are numbers. A command
 * whose struct would change gets a new number; VEXJ_DEV_VERSION tells of commands
 * that were added.
 *
 * Errors that all commands share: EFAULT, an address cannot be read or written;
 * EINVAL, a reserved field is not 0 or a value is out of its range; EPERM, see
 * above; EBADF, the descriptor was not opened for reading; ENOTTY, no such
 * command.
 */
#define VEXJ_DEV_VERSION	2	/* CONTEXT_OF was added */
#define VEXJ_DEV_ALL_CPUS	0xffffffff
#define VEXJ_DEV_IDS		8	/* users or filesystems of a filter */
#define VEXJ_DEV_PREFIXES	8	/* path prefixes of a filter */
#define VEXJ_DEV_WANTED		32	/* words of a filter's set of types */
#define VEXJ_DEV_CONTEXTS	1024	/* contexts that are set at a time */
#define VEXJ_DEV_COMM		16
#define VEXJ_DEV_AGENT_ID	64
#define VEXJ_DEV_NAME		64
#define VEXJ_DEV_WHY		128
#define VEXJ_DEV_CAUSES		16	/* room for enum vexj_lost_cause */

/* Bounds of a run's parameters. */
#define VEXJ_DEV_RING_MIN	4096	/* bytes; a power of two, not below a page */
#define VEXJ_DEV_RING_MAX	268435456
#define VEXJ_DEV_DEADLINE_MAX	60000	/* ms */

struct vexj_dev_info {
	__u32 version;		/* VEXJ_DEV_VERSION */
	__u32 producer;		/* VEXJ_PRODUCER_KMOD */
	__u32 cpus;		/* rings of a run, numbered from 0 */
	__u32 consumer;		/* tgid as the caller sees it; 0: none, or not visible to it */
	char  comm[VEXJ_DEV_COMM]; /* the consumer's, NUL padded; empty: none */
	__u64 ring_bytes;	/* of the run; without one, of the next */
	__u32 watermark;	/* bytes */
	__u32 deadline_ms;
	__u64 id_base;		/* event_id of global_sequence 0; 0: no run yet */
	__u64 global_sequence;	/* the last that was taken */
	__u64 visibility;
	__u32 runs;		/* that have begun since the module was loaded */
	__u32 hooks_placed;
	__u32 hooks_missing;
	__u32 contexts;		/* that are set */
	__u32 followed;		/* processes in followed trees now */
	__u32 reserved;
};

/* 0 stands for the module's parameter of the name. Answered with what holds. */
struct vexj_dev_consume {
	__u32 flags;		/* 0 */
	__u32 deadline_ms;	/* ~0: no deadline */
	__u64 ring_bytes;	/* of data, for each CPU */
	__u32 watermark;	/* bytes, at most half a ring */
	__u32 cpus;		/* answer */
	__u64 visibility;	/* agent_visibility_mask without a context; 0: all */
	__u64 id_base;		/* answer */
};

/*
 * Never is more lost than attempted, as the losses are read first. No number in
 * `lost` is above global_sequence.
 */
struct vexj_dev_counters {
	__u32 cpu;		/* asked for, or VEXJ_DEV_ALL_CPUS: the sums */
	__u32 reserved;
	__u64 attempted;	/* numbered */
	__u64 recorded;		/* put into a ring: attempted less lost */
	__u64 filtered;
	__u64 blind;		/* calls of a table that is not covered (32-bit) */
	__u64 emitted;		/* of the recorded, by write(2) and vexj_emit() */
	__u64 global_sequence;
	__u64 ring_used;	/* bytes that wait in the ring */
	__u64 lost[VEXJ_DEV_CAUSES]; /* by enum vexj_lost_cause */
};

/*
 * Conditions must all hold; several values of one are alternatives; one without
 * values holds. It is the module's, not the run's: it stays until another is set.
 */
struct vexj_dev_filter {
	__u32 flags;		/* VEXJ_DEV_FILTER_* */
	__u32 uids_len;
	__u32 devs_len;
	__u32 prefixes_len;	/* bytes; GET: room for them, answered with what is needed */
	__u64 cgroup;		/* id, of the v2 hierarchy; 0: any */
	__u64 prefixes;		/* address: absolute paths, each ended by a NUL */
	__u64 wanted[VEXJ_DEV_WANTED]; /* see VEXJ_DEV_WORD; all 0: all but lookups */
	__u32 uids[VEXJ_DEV_IDS];	/* filesystem user ids */
	__u64 devs[VEXJ_DEV_IDS];	/* dev_major << 32 | dev_minor, of superblocks */
};

/* Where the bit of a type is in `wanted`. */
#define VEXJ_DEV_WORD(type)	(((type) >> 8 & 7) * 4 + ((type) >> 6 & 3))
#define VEXJ_DEV_BIT(type)	(1ull << ((type) & 63))

#define VEXJ_DEV_FILTER_FAILED	0x1	/* failed operations too */
#define VEXJ_DEV_FILTER_MODIFY	0x2	/* of the wanted, those that leave something changed */
#define VEXJ_DEV_FILTER_TREE	0x4	/* followed processes only */

/* A process and its descendants, those that live and those to come. */
struct vexj_dev_follow {
	__u32 tgid;		/* as the caller sees it */
	__u32 reserved;
};

/*
 * What records of a process tree, or of a control group and those below it, carry
 * as their attribution. A tree's context comes before a control group's, a nearer
 * one before a farther one. CONTEXT_OF takes kind TREE and the id of a process, and
 * answers with what its records carry now; ENOENT: with nothing.
 */
struct vexj_dev_context {
	__u32 kind;		/* VEXJ_DEV_CONTEXT_* */
	__u32 index;		/* GET: which, from 0; ENOENT after the last */
	__u64 id;		/* tgid as the caller sees it, or id of the cgroup (v2) */
	__u64 session;		/* SESSION attribute; 0: none */
	__u64 parent;		/* parent_event_id: the intent; 0: none */
	__u64 root;		/* root_cause_event_id; 0: parent */
	__u64 visibility;	/* agent_visibility_mask; 0: all */
	__u32 agent_id_len;	/* bytes; 0: none */
	__u32 processes;	/* answer: in the tree now */
	char  agent_id[VEXJ_DEV_AGENT_ID];	/* AGENT_ID attribute; no NUL in it */
};

#define VEXJ_DEV_CONTEXT_TREE	1
#define VEXJ_DEV_CONTEXT_CGROUP	2

/* The last records of a CPU's ring, read or not: whole ones, oldest first. */
struct vexj_dev_peek {
	__u32 cpu;
	__u32 reserved;
	__u64 buffer;		/* address */
	__u64 size;		/* its bytes; answer: those that were put there */
	__u64 records;		/* answer */
};

struct vexj_dev_hook {
	__u32 index;		/* which, from 0; ENOENT after the last */
	__u32 placed;
	__u64 missed;		/* times that it could not run */
	char  name[VEXJ_DEV_NAME];	/* of the function or tracepoint */
	char  operation[VEXJ_DEV_NAME];	/* that is not seen without it */
	char  why[VEXJ_DEV_WHY];	/* it is not placed */
};

#define VEXJ_IOC_INFO		_IOR('J', 0x01, struct vexj_dev_info)
#define VEXJ_IOC_CONSUME	_IOWR('J', 0x02, struct vexj_dev_consume)
#define VEXJ_IOC_STOP		_IO('J', 0x03)		/* no record is numbered once it returns */
#define VEXJ_IOC_RING		_IOW('J', 0x04, __u32)	/* CPU; returns a descriptor */
#define VEXJ_IOC_SEQUENCE	_IOR('J', 0x05, __u64)	/* takes the next global_sequence */
#define VEXJ_IOC_COUNTERS	_IOWR('J', 0x06, struct vexj_dev_counters)
#define VEXJ_IOC_FILTER_GET	_IOWR('J', 0x07, struct vexj_dev_filter)
#define VEXJ_IOC_FILTER_SET	_IOW('J', 0x08, struct vexj_dev_filter)
#define VEXJ_IOC_FOLLOW		_IOW('J', 0x09, struct vexj_dev_follow)
#define VEXJ_IOC_UNFOLLOW	_IOW('J', 0x0a, struct vexj_dev_follow)
#define VEXJ_IOC_CONTEXT_SET	_IOW('J', 0x0b, struct vexj_dev_context)
#define VEXJ_IOC_CONTEXT_CLEAR	_IOW('J', 0x0c, struct vexj_dev_context)
#define VEXJ_IOC_CONTEXT_GET	_IOWR('J', 0x0d, struct vexj_dev_context)
#define VEXJ_IOC_PEEK		_IOWR('J', 0x0e, struct vexj_dev_peek)
#define VEXJ_IOC_HOOK		_IOWR('J', 0x0f, struct vexj_dev_hook)
#define VEXJ_IOC_CONTEXT_OF	_IOWR('J', 0x10, struct vexj_dev_context)

#endif /* _UAPI_VEXJ_H */
