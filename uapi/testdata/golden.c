/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden records, made and read with nothing but vexj.h.
 *
 *	golden write DIR	one DIR/NAME.bin for each record below
 *	golden print FILE	a record as text, in the form that
 *				describe_test.go gives it
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vexj.h"

_Static_assert(sizeof(struct vexj_record) == 132, "the header is fixed for ever");
_Static_assert(sizeof(struct vexj_link) == VEXJ_LINK_SIZE, "a link has 160 bytes");

#define CONTEXT_1 5280
#define ROUND(n) (((size_t)(n) + VEXJ_RECORD_ALIGN - 1) & ~(size_t)(VEXJ_RECORD_ALIGN - 1))

static void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* ---- making ---- */

static unsigned char buf[2 * VEXJ_RECORD_MAX];
static struct vexj_record *const rec = (struct vexj_record *)buf;
static const char *dir;
static __u64 number;

static void begin(__u32 type, __u32 subtype, __u32 flags)
{
	memset(buf, 0, sizeof(buf));
	number++;
	rec->event_id = (__u64)VEXJ_PRODUCER_TEST << 56 | (0x1234567890 + number);
	rec->event_type = type;
	rec->event_subtype = subtype;
	rec->ktime = 1000000000 * number + 7;
	rec->sequence = 100 + number;
	rec->cpu_id = number % 4;
	rec->process_id = 4000 + number;
	rec->global_sequence = number;
	rec->local_sequence = 3 * number;
	rec->event_flags = flags;
	rec->event_priority = 1 + number % 5;
	rec->event_version = VEXJ_EVENT_VERSION;
	rec->parent_event_id = number > 1 ? rec->event_id - 1 : 0;
	rec->root_cause_event_id = rec->event_id - number + 1;
	rec->agent_visibility_mask = ~(__u64)0 >> number % 8;
	rec->agent_relevance_score = number % 101;
	rec->replay_priority = number % 7;
}

static size_t end(void)
{
	return sizeof(*rec) + ROUND(rec->context_size) + ROUND(rec->payload_size) +
	       ROUND(rec->metadata_size) + rec->causality_link_count * sizeof(struct vexj_link);
}

static void attr(__u16 tag, const void *value, size_t len)
{
	struct vexj_attr head = { .tag = tag, .len = len };

	memcpy(buf + end(), &head, sizeof(head));
	memcpy(buf + end() + sizeof(head), value, len);
	rec->context_size += sizeof(head) + ROUND(len);
}

static void text(__u16 tag, const char *s)
{
	attr(tag, s, strlen(s));
}

static void u32(__u16 tag, __u32 v)
{
	attr(tag, &v, sizeof(v));
}

static void u64(__u16 tag, __u64 v)
{
	attr(tag, &v, sizeof(v));
}

static void payload(const void *p, size_t len)
{
	memcpy(buf + end(), p, len);
	rec->payload_size = len;
}

static void metadata(const void *p, size_t len)
{
	memcpy(buf + end(), p, len);
	rec->metadata_size = len;
}

static void link_to(__u64 cause, __u64 effect, __u32 type, const char *description)
{
	struct vexj_link l = { .cause = cause, .effect = effect, .type = type, .strength = 90 + type, .delay = 12345 * type };

	memcpy(l.description, description, strlen(description));
	memcpy(buf + end(), &l, sizeof(l));
	rec->causality_link_count++;
}

static void finish(const char *name)
{
	char path[4096];
	FILE *f;

	rec->event_size = end();
	snprintf(path, sizeof(path), "%s/%s.bin", dir, name);
	f = fopen(path, "wb");
	if (!f || fwrite(buf, rec->event_size, 1, f) != 1 || fclose(f))
		die("%s: %s", path, strerror(errno));
}

static void task(const char *comm)
{
	struct vexj_attr_task t = {
		.tid = 5000 + number, .ppid = 1, .uid = 1000, .gid = 100,
		.start_time = 987654321, .cgroup_id = 0x1122334455667788,
		.mnt_ns = 4026531841, .pid_ns = 4026531836,
	};

	memcpy(t.comm, comm, strlen(comm));
	attr(VEXJ_ATTR_TASK, &t, sizeof(t));
}

static struct vexj_attr_file file(__u32 mode, __u64 size)
{
	return (struct vexj_attr_file){
		.dev_major = 259, .dev_minor = 2, .inode = 0x1000000000 + number,
		.generation = 0xdeadbeef, .mode = mode, .size = size, .nlink = S_ISDIR(mode) ? 2 : 1,
	};
}

static void object(__u32 mode, __u64 size)
{
	struct vexj_attr_file f = file(mode, size);

	attr(VEXJ_ATTR_FILE, &f, sizeof(f));
}

static void io(__s64 offset, __u64 length, __s64 result)
{
	struct vexj_attr_io o = { .offset = offset, .length = length, .result = result, .duration = 1500 + number };

	attr(VEXJ_ATTR_IO, &o, sizeof(o));
}

static void parents(__u64 inode, __u64 inode2)
{
	struct vexj_attr_parent p = { .inode = inode, .inode2 = inode2 };

	attr(VEXJ_ATTR_PARENT, &p, sizeof(p));
}

static void opened(__u32 flags, __u32 mode, __s32 fd)
{
	struct vexj_attr_open o = { .flags = flags, .mode = mode, .fd = fd };

	attr(VEXJ_ATTR_OPEN, &o, sizeof(o));
}

static void filesystem(void)
{
	static const char wild[] = "/srv/caf\xc3\xa9/\xff\xfe\x01\n\"\\";
	static char longest[VEXJ_PATH_MAX];

	begin(VEXJ_FS_CREATE, VEXJ_SUBTYPE(VEXJ_VIA_OPEN, 0), VEXJ_F_ATOMIC);
	task("sh");
	object(S_IFREG | 0644, 0);
	io(-1, 0, 0);
	text(VEXJ_ATTR_PATH, "/home/ann/notes.txt");
	parents(77, 0);
	opened(0x8241, 0644, 3);
	finish("fs-create");

	begin(VEXJ_FS_DELETE, 0, VEXJ_F_UNLINKED);
	task("rm");
	object(S_IFREG | 0600, 4711);
	io(-1, 0, 0);
	text(VEXJ_ATTR_PATH, "/home/ann/notes.txt");
	finish("fs-delete");

	begin(VEXJ_FS_READ, VEXJ_SUBTYPE(VEXJ_VIA_URING, 0), 0);
	task("a fifteen bytes");
	object(S_IFREG | 0444, (__u64)1 << 40);
	io((__s64)1 << 39, 65536, 65536);
	text(VEXJ_ATTR_PATH, "/data/big");
	finish("fs-read");

	begin(VEXJ_FS_WRITE, 0, VEXJ_F_FAILED | VEXJ_F_OVERLAY_LOWER);
	task("sixteen bytes!!!");
	object(S_IFREG | 0644, 10);
	io(10, 4096, -28);
	text(VEXJ_ATTR_PATH, "/f");
	finish("fs-write-failed");

	begin(VEXJ_FS_WRITE, VEXJ_SUBTYPE(VEXJ_VIA_COPY_RANGE, 0), 0);
	task("cp");
	object(S_IFREG | 0644, 8192);
	io(0, 8192, 8192);
	text(VEXJ_ATTR_PATH, "/to");
	text(VEXJ_ATTR_PATH2, "/from");
	{
		struct vexj_attr_file f = file(S_IFREG | 0400, 8192);

		attr(VEXJ_ATTR_FILE2, &f, sizeof(f));
	}
	finish("fs-write-copy");

	begin(VEXJ_FS_RENAME, VEXJ_SUBTYPE(VEXJ_VIA_CALL, 2), VEXJ_F_PATH_TRUNCATED | VEXJ_F_PATH2_UNRESOLVED);
	task("mv");
	object(S_IFDIR | 0755, 4096);
	io(-1, 0, 0);
	text(VEXJ_ATTR_PATH, ".../deep/old");
	text(VEXJ_ATTR_PATH2, "new");
	parents(11, 12);
	finish("fs-rename-exchange");

	begin(VEXJ_FS_CHOWN, 0, 0);
	task("chown");
	object(S_IFREG | 0644, 1);
	io(-1, 0, 0);
	{
		struct vexj_attr_owner o = { .uid = 33, .gid = ~(__u32)0 };

		attr(VEXJ_ATTR_OWNER, &o, sizeof(o));
	}
	text(VEXJ_ATTR_PATH, "/var/www");
	finish("fs-chown");

	begin(VEXJ_FS_UTIMES, 0, 0);
	task("touch");
	{
		struct vexj_attr_times t = { .atime = -1, .mtime = 1700000000123456789 };

		attr(VEXJ_ATTR_TIMES, &t, sizeof(t));
	}
	text(VEXJ_ATTR_PATH, "/old");
	finish("fs-utimes");

	begin(VEXJ_FS_SYMLINK, 0, 0);
	task("ln");
	object(S_IFLNK | 0777, 7);
	text(VEXJ_ATTR_PATH, "/l");
	text(VEXJ_ATTR_PATH2, "../else");
	finish("fs-symlink");

	begin(VEXJ_FS_MKNOD, 0, 0);
	task("mknod");
	object(S_IFCHR | 0600, 0);
	{
		struct vexj_attr_rdev d = { .major = 1, .minor = 3 };

		attr(VEXJ_ATTR_RDEV, &d, sizeof(d));
	}
	text(VEXJ_ATTR_PATH, "/dev/null");
	finish("fs-mknod");

	begin(VEXJ_FS_SETXATTR, 0, 0);
	text(VEXJ_ATTR_NAME, "user.note");
	io(-1, 12, 0);
	text(VEXJ_ATTR_PATH, "/x");
	finish("fs-setxattr");

	begin(VEXJ_FS_LOCK, VEXJ_SUBTYPE(VEXJ_VIA_CALL, VEXJ_LOCK_OFD), 0);
	{
		struct vexj_attr_lock l = { .command = 2, .blocking = 1 };

		attr(VEXJ_ATTR_LOCK, &l, sizeof(l));
	}
	text(VEXJ_ATTR_PATH, "/lock");
	finish("fs-lock");

	begin(VEXJ_FS_OPEN, 0, VEXJ_F_FAILED | VEXJ_F_OBJECT_UNKNOWN);
	task("cat");
	io(-1, 0, -2);
	opened(0x8000, 0, -1);
	text(VEXJ_ATTR_PATH, "/no/such");
	finish("fs-open-failed");

	begin(VEXJ_FS_STAT, 0, 0);
	attr(VEXJ_ATTR_PATH, wild, sizeof(wild) - 1);
	finish("fs-stat-bytes");

	begin(VEXJ_FS_ACCESS, 0, 0);
	memset(longest, 'n', sizeof(longest));
	longest[0] = '/';
	attr(VEXJ_ATTR_PATH, longest, sizeof(longest));
	text(VEXJ_ATTR_PATH2, "");
	finish("fs-access-longest");
}

static void process(void)
{
	begin(VEXJ_PROC_FORK, 0, 0);
	task("bash");
	{
		struct vexj_attr_child c = { .pid = 6001, .tid = 6002, .thread = 1 };

		attr(VEXJ_ATTR_CHILD, &c, sizeof(c));
	}
	finish("proc-fork");

	begin(VEXJ_PROC_EXEC, 0, 0);
	task("ls");
	text(VEXJ_ATTR_PATH, "/usr/bin/ls");
	attr(VEXJ_ATTR_ARGV, "ls\0-l\0/tmp", 10);
	finish("proc-exec");

	begin(VEXJ_PROC_EXIT, 0, 0);
	task("ls");
	io(-1, 0, 0x100);
	finish("proc-exit");
}

static void sys(void)
{
	struct vexj_attr_clock c = { .boottime = 123456789, .realtime = 1790000000000000000 };
	struct vexj_attr_producer p = { .producer = VEXJ_PRODUCER_TEST, .id_base = (__u64)VEXJ_PRODUCER_TEST << 56 | 0x1234567890 };
	struct vexj_attr_lost l = { .count = 41, .first = 3, .last = 99, .cause = VEXJ_LOST_FULL, .cpu = ~(__u32)0 };
	int i;

	for (i = 0; i < 16; i++)
		c.boot_id[i] = 0xf0 | i;

	begin(VEXJ_SYS_PRODUCER_START, 0, 0);
	attr(VEXJ_ATTR_PRODUCER, &p, sizeof(p));
	text(VEXJ_ATTR_COVERAGE, "io_uring is not seen\nnfsd is not seen\n");
	attr(VEXJ_ATTR_CLOCK, &c, sizeof(c));
	finish("sys-producer-start");

	begin(VEXJ_SYS_LOST, 0, 0);
	attr(VEXJ_ATTR_LOST, &l, sizeof(l));
	finish("sys-lost");

	p.attempted = 1000;
	p.recorded = 959;
	p.lost = 41;
	p.filtered = 5000000000;
	begin(VEXJ_SYS_PRODUCER_STOP, 0, 0);
	attr(VEXJ_ATTR_PRODUCER, &p, sizeof(p));
	finish("sys-producer-stop");

	begin(VEXJ_SYS_MOUNT, 0, 0);
	text(VEXJ_ATTR_PATH, "/mnt");
	text(VEXJ_ATTR_PATH2, "/dev/sda1");
	finish("sys-mount");
}

static void agents(void)
{
	static const unsigned char vector[] = { 0, 0, 128, 63, 0, 0, 0, 64, 1, 2, 3 };

	begin(VEXJ_AGENT_DECISION, 0, VEXJ_F_CAUSAL | VEXJ_F_AGENT_VISIBLE);
	u64(VEXJ_ATTR_TRANSACTION, 1);
	u64(VEXJ_ATTR_SESSION, ~(__u64)0);
	u64(VEXJ_ATTR_CHAIN, 3);
	text(VEXJ_ATTR_AGENT_ID, "agent-7");
	text(VEXJ_ATTR_AGENT_INTENT, "tidy the build");
	u32(VEXJ_ATTR_AGENT_CONFIDENCE, 87);
	text(VEXJ_ATTR_TAGS, "{\"k\":[1,2]}");
	text(VEXJ_ATTR_SEM_INTENT, "cleanup");
	u32(VEXJ_ATTR_SEM_CONFIDENCE, 55);
	payload("why: because", 12);
	metadata("m", 1);
	finish("agent-decision");

	begin(VEXJ_VECTOR_EMBED, 0, 0);
	u64(VEXJ_ATTR_VECTOR_ID, 0xabcdef);
	u32(VEXJ_ATTR_VECTOR_DIMS, 2);
	u32(VEXJ_ATTR_VECTOR_ELEM, 0);
	payload(vector, sizeof(vector));
	finish("vector-embed");

	begin(VEXJ_GRAPH_EDGE_CREATE, 0, VEXJ_F_TRANSACTIONAL);
	u64(VEXJ_ATTR_GRAPH_NODE, 10);
	u64(VEXJ_ATTR_GRAPH_EDGE, 11);
	u32(VEXJ_ATTR_GRAPH_OP, 12);
	u32(VEXJ_ATTR_FILE_TYPE, 8);
	finish("graph-edge-create");

	begin(VEXJ_SEM_CAUSALITY_LINK, 0, 0);
	link_to(1, 2, 1, "the write made the index stale");
	link_to(2, ~(__u64)0, 2, "a description that has all of its one hundred and twenty-eight bytes "
		"and not one more, so that it has no room for a terminator..");
	finish("semantic-links");

	begin(VEXJ_OBS_METRIC, 0, 0);
	u32(VEXJ_ATTR_SYSTEM_LOAD, 150);
	u64(VEXJ_ATTR_SYSTEM_MEMORY, 8589934592);
	u32(VEXJ_ATTR_SYSTEM_IO, 3);
	payload("pay", 3);
	metadata("metadata", 8);
	link_to(5, 6, 3, "");
	finish("obs-metric-all-parts");
}

static void edges(void)
{
	int i;

	begin(VEXJ_SYS_SYNC, 0, 0);
	finish("header-only");

	begin(0x09fe, 0xffffffff, 0x80000001);
	attr(40, "a tag of tomorrow", 17);
	attr(0xffff, "", 0);
	text(VEXJ_ATTR_PATH, "/after/unknown");
	finish("unknown-type-and-tags");

	begin(VEXJ_SYS_CHECKPOINT, 0, 0);
	for (i = 0; i < VEXJ_RECORD_MAX - 132; i++)
		buf[132 + i] = i * 7;
	rec->payload_size = VEXJ_RECORD_MAX - 132;
	finish("largest");

	begin(VEXJ_FS_WRITE, 0, VEXJ_F_COMPRESSED);
	rec->event_version = VEXJ_EVENT_VERSION_1;
	rec->checksum = 0x2dfd2d88;
	rec->compression_type = 2;
	rec->encryption_type = 1;
	rec->context_size = CONTEXT_1;
	for (i = 0; i < CONTEXT_1; i++)
		buf[132 + i] = i;
	payload("legacy", 6);
	metadata("{}", 2);
	link_to(1, 2, 4, "legacy");
	finish("version-1");
}

static void removed(void)
{
	struct vexj_attr_removed a = {
		.first = 1, .last = 1000, .records = 999, .bytes = (__u64)1 << 33,
		.reason = VEXJ_REMOVED_SIZE | VEXJ_REMOVED_FORCED, .owed = 2,
	};

	begin(VEXJ_SYS_REMOVED, 0, 0);
	attr(VEXJ_ATTR_REMOVED, &a, sizeof(a));
	text(VEXJ_ATTR_CONSUMERS, "backup 500\nindexer 0\n");
	finish("sys-removed");
}

static void legacy(void)
{
	struct vexj_attr_legacy l = {
		.format = VEXJ_LEGACY_SEMJ1, .part = VEXJ_PART_EVENT, .offset = 52, .size = 5430, .layout = 1, .encoding = 2, .compression = 3,
	};
	static const unsigned char fix[] = { 4, 0, 0, 0, 2, 0, 0, 0, 0xaa, 0xbb, 0, 0 };

	begin(VEXJ_FS_WRITE, 0, 0);
	text(VEXJ_ATTR_PATH, "/from/semj");
	attr(VEXJ_ATTR_LEGACY, &l, sizeof(l));
	attr(VEXJ_ATTR_LEGACY_FIX, fix, sizeof(fix));
	finish("legacy-event");

	begin(VEXJ_SYS_LEGACY, 0, 0);
	l = (struct vexj_attr_legacy){
		.format = VEXJ_LEGACY_USJL1, .part = VEXJ_PART_BYTES, .offset = (__u64)1 << 40, .size = 5, .at = 2, .flags = 0x8001,
	};
	attr(VEXJ_ATTR_LEGACY, &l, sizeof(l));
	payload("left", 3);
	finish("legacy-bytes");
}

static void vectors(void)
{
	static const unsigned char found[] = {
		7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3f, /* 7 at 1.0 */
		9, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0x20, 0x40, /* 1 << 56 | 9 at 2.5 */
	};
	struct vexj_attr_search s = {
		.k = 10, .ef = 64, .found = 2, .flags = VEXJ_SEARCH_FILTERED | VEXJ_SEARCH_RANGE | VEXJ_SEARCH_QUANTISED,
		.visited = 5000000000, .duration = 123456, .radius = 0x40200000, .hops = 77,
	};
	struct vexj_attr_part p = { .offset = 61440, .size = 262144 };
	struct vexj_attr_similarity m = { .other = (__u64)1 << 63, .distance = 0x3f800000 };
	struct vexj_attr_cluster c = { .clusters = 16, .iterations = 9, .seed = 42, .vectors = 1000000, .inertia = 0x3e000000 };

	begin(VEXJ_VECTOR_SEARCH, 0, 0);
	text(VEXJ_ATTR_COLLECTION, "docs");
	u32(VEXJ_ATTR_VECTOR_DIMS, 128);
	u32(VEXJ_ATTR_VECTOR_ELEM, VEXJ_ELEM_INT8);
	u32(VEXJ_ATTR_VECTOR_METRIC, VEXJ_METRIC_COSINE);
	attr(VEXJ_ATTR_SEARCH, &s, sizeof(s));
	attr(VEXJ_ATTR_RESULTS, found, sizeof(found));
	finish("vector-search");

	begin(VEXJ_VECTOR_CREATE, 0, 0);
	u64(VEXJ_ATTR_VECTOR_ID, 7);
	attr(VEXJ_ATTR_PART, &p, sizeof(p));
	text(VEXJ_ATTR_MODEL, "lexical-1");
	payload("a part", 6);
	finish("vector-create-part");

	begin(VEXJ_VECTOR_SIMILARITY, 0, 0);
	u64(VEXJ_ATTR_VECTOR_ID, 7);
	attr(VEXJ_ATTR_SIMILARITY, &m, sizeof(m));
	finish("vector-similarity");

	begin(VEXJ_VECTOR_CLUSTER, 0, 0);
	attr(VEXJ_ATTR_CLUSTER, &c, sizeof(c));
	finish("vector-cluster");
}

/* ---- reading ---- */

static void quoted(const unsigned char *p, size_t len)
{
	size_t i;

	if (len > 512) {
		__u64 fnv = 0xcbf29ce484222325;

		for (i = 0; i < len; i++)
			fnv = (fnv ^ p[i]) * 0x100000001b3;
		printf("fnv1a 0x%llx", fnv);
		return;
	}
	putchar('"');
	for (i = 0; i < len; i++) {
		if (p[i] < ' ' || p[i] > '~' || p[i] == '"' || p[i] == '\\')
			printf("\\x%02x", p[i]);
		else
			putchar(p[i]);
	}
	putchar('"');
}

static void print_fixed(__u16 tag, const unsigned char *v)
{
	switch (tag) {
	case VEXJ_ATTR_TASK: {
		const struct vexj_attr_task *t = (const void *)v;

		printf("tid=%u ppid=%u uid=%u gid=%u start_time=%llu cgroup_id=0x%llx mnt_ns=%u pid_ns=%u comm=",
		       t->tid, t->ppid, t->uid, t->gid, t->start_time, t->cgroup_id, t->mnt_ns, t->pid_ns);
		quoted((const unsigned char *)t->comm, sizeof(t->comm));
		break;
	}
	case VEXJ_ATTR_FILE:
	case VEXJ_ATTR_FILE2: {
		const struct vexj_attr_file *f = (const void *)v;

		printf("dev=%u:%u inode=%llu generation=%u mode=0%o size=%llu nlink=%u",
		       f->dev_major, f->dev_minor, f->inode, f->generation, f->mode, f->size, f->nlink);
		break;
	}
	case VEXJ_ATTR_IO: {
		const struct vexj_attr_io *o = (const void *)v;

		printf("offset=%lld length=%llu result=%lld duration=%llu", o->offset, o->length, o->result, o->duration);
		break;
	}
	case VEXJ_ATTR_PARENT: {
		const struct vexj_attr_parent *p = (const void *)v;

		printf("inode=%llu inode2=%llu", p->inode, p->inode2);
		break;
	}
	case VEXJ_ATTR_OPEN: {
		const struct vexj_attr_open *o = (const void *)v;

		printf("flags=0x%x mode=0%o fd=%d", o->flags, o->mode, o->fd);
		break;
	}
	case VEXJ_ATTR_OWNER: {
		const struct vexj_attr_owner *o = (const void *)v;

		printf("uid=%u gid=%u", o->uid, o->gid);
		break;
	}
	case VEXJ_ATTR_TIMES: {
		const struct vexj_attr_times *t = (const void *)v;

		printf("atime=%lld mtime=%lld", t->atime, t->mtime);
		break;
	}
	case VEXJ_ATTR_CHILD: {
		const struct vexj_attr_child *c = (const void *)v;

		printf("pid=%u tid=%u thread=%u", c->pid, c->tid, c->thread);
		break;
	}
	case VEXJ_ATTR_RDEV: {
		const struct vexj_attr_rdev *d = (const void *)v;

		printf("major=%u minor=%u", d->major, d->minor);
		break;
	}
	case VEXJ_ATTR_LOCK: {
		const struct vexj_attr_lock *l = (const void *)v;

		printf("command=%u blocking=%u", l->command, l->blocking);
		break;
	}
	case VEXJ_ATTR_LOST: {
		const struct vexj_attr_lost *l = (const void *)v;

		printf("count=%llu first=%llu last=%llu cause=%u cpu=%u", l->count, l->first, l->last, l->cause, l->cpu);
		break;
	}
	case VEXJ_ATTR_PRODUCER: {
		const struct vexj_attr_producer *p = (const void *)v;

		printf("producer=%u reserved=%u id_base=0x%llx attempted=%llu recorded=%llu lost=%llu filtered=%llu",
		       p->producer, p->reserved, p->id_base, p->attempted, p->recorded, p->lost, p->filtered);
		break;
	}
	case VEXJ_ATTR_REMOVED: {
		const struct vexj_attr_removed *a = (const void *)v;

		printf("first=%llu last=%llu records=%llu bytes=%llu reason=%u owed=%u",
		       a->first, a->last, a->records, a->bytes, a->reason, a->owed);
		break;
	}
	case VEXJ_ATTR_SEARCH: {
		const struct vexj_attr_search *a = (const void *)v;

		printf("k=%u ef=%u found=%u flags=0x%x visited=%llu duration=%llu radius=0x%x hops=%u",
		       a->k, a->ef, a->found, a->flags, a->visited, a->duration, a->radius, a->hops);
		break;
	}
	case VEXJ_ATTR_PART: {
		const struct vexj_attr_part *a = (const void *)v;

		printf("offset=%u size=%u", a->offset, a->size);
		break;
	}
	case VEXJ_ATTR_SIMILARITY: {
		const struct vexj_attr_similarity *a = (const void *)v;

		printf("other=%llu distance=0x%x", a->other, a->distance);
		break;
	}
	case VEXJ_ATTR_CLUSTER: {
		const struct vexj_attr_cluster *a = (const void *)v;

		printf("clusters=%u iterations=%u seed=%llu vectors=%llu inertia=0x%x",
		       a->clusters, a->iterations, a->seed, a->vectors, a->inertia);
		break;
	}
	case VEXJ_ATTR_CLOCK: {
		const struct vexj_attr_clock *c = (const void *)v;
		size_t i;

		printf("boottime=%llu realtime=%llu boot_id=", c->boottime, c->realtime);
		for (i = 0; i < sizeof(c->boot_id); i++)
			printf("%02x", c->boot_id[i]);
		break;
	}
	case VEXJ_ATTR_LEGACY: {
		const struct vexj_attr_legacy *l = (const void *)v;

		printf("format=%u part=%u offset=%llu size=%llu at=%llu layout=%u encoding=%u compression=%u flags=0x%x",
		       l->format, l->part, l->offset, l->size, l->at, l->layout, l->encoding, l->compression, l->flags);
		break;
	}
	}
}

enum shape { BYTES, FIXED, U32, U64 };

static enum shape shape_of(__u16 tag)
{
	switch (tag) {
	case VEXJ_ATTR_TASK:
	case VEXJ_ATTR_FILE:
	case VEXJ_ATTR_FILE2:
	case VEXJ_ATTR_IO:
	case VEXJ_ATTR_PARENT:
	case VEXJ_ATTR_OPEN:
	case VEXJ_ATTR_OWNER:
	case VEXJ_ATTR_TIMES:
	case VEXJ_ATTR_CHILD:
	case VEXJ_ATTR_RDEV:
	case VEXJ_ATTR_LOCK:
	case VEXJ_ATTR_LOST:
	case VEXJ_ATTR_PRODUCER:
	case VEXJ_ATTR_CLOCK:
	case VEXJ_ATTR_REMOVED:
	case VEXJ_ATTR_LEGACY:
	case VEXJ_ATTR_SEARCH:
	case VEXJ_ATTR_PART:
	case VEXJ_ATTR_SIMILARITY:
	case VEXJ_ATTR_CLUSTER:
		return FIXED;
	case VEXJ_ATTR_TRANSACTION:
	case VEXJ_ATTR_SESSION:
	case VEXJ_ATTR_CHAIN:
	case VEXJ_ATTR_GRAPH_NODE:
	case VEXJ_ATTR_GRAPH_EDGE:
	case VEXJ_ATTR_VECTOR_ID:
	case VEXJ_ATTR_SYSTEM_MEMORY:
		return U64;
	case VEXJ_ATTR_FILE_TYPE:
	case VEXJ_ATTR_GRAPH_OP:
	case VEXJ_ATTR_VECTOR_DIMS:
	case VEXJ_ATTR_VECTOR_METRIC:
	case VEXJ_ATTR_VECTOR_ELEM:
	case VEXJ_ATTR_AGENT_CONFIDENCE:
	case VEXJ_ATTR_SYSTEM_LOAD:
	case VEXJ_ATTR_SYSTEM_IO:
	case VEXJ_ATTR_SEM_CONFIDENCE:
		return U32;
	}
	return BYTES;
}

static void print_attrs(const unsigned char *c, size_t size)
{
	size_t off = 0;

	while (off < size) {
		const struct vexj_attr *a = (const void *)(c + off);
		const unsigned char *v = c + off + sizeof(*a);

		if (size - off < sizeof(*a) || size - off - sizeof(*a) < ROUND(a->len))
			die("the attribute at %zu does not fit", off);
		printf("attr %u ", a->tag);
		switch (shape_of(a->tag)) {
		case FIXED:
			print_fixed(a->tag, v);
			break;
		case U32:
			printf("%u", *(const __u32 *)v);
			break;
		case U64: {
			__u64 n;

			memcpy(&n, v, sizeof(n));
			printf("%llu", n);
			break;
		}
		case BYTES:
			quoted(v, a->len);
			break;
		}
		putchar('\n');
		off += sizeof(*a) + ROUND(a->len);
	}
}

static void print(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(buf, 1, sizeof(buf), f) : 0;
	const unsigned char *p = buf + sizeof(*rec);
	__u32 i;

	if (n < sizeof(*rec) || fclose(f))
		die("%s: cannot be read", path);
	if (rec->event_size != n || end() != n)
		die("%s: has %zu bytes, its header says %u, its parts make %zu", path, n, rec->event_size, end());
	printf("event_id 0x%llx\n", rec->event_id);
	printf("event_type 0x%04x category 0x%04x\n", rec->event_type, VEXJ_CATEGORY(rec->event_type));
	printf("event_subtype 0x%08x via %u kind %u\n", rec->event_subtype,
	       VEXJ_SUBTYPE_VIA(rec->event_subtype), VEXJ_SUBTYPE_KIND(rec->event_subtype));
	printf("ktime %llu sequence %llu cpu_id %u process_id %u\n", rec->ktime, rec->sequence, rec->cpu_id, rec->process_id);
	printf("global_sequence %llu local_sequence %llu\n", rec->global_sequence, rec->local_sequence);
	printf("event_flags 0x%08x event_priority %u\n", rec->event_flags, rec->event_priority);
	printf("event_size %u context_size %u payload_size %u metadata_size %u\n",
	       rec->event_size, rec->context_size, rec->payload_size, rec->metadata_size);
	printf("event_version %u checksum 0x%08x compression_type %u encryption_type %u\n",
	       rec->event_version, rec->checksum, rec->compression_type, rec->encryption_type);
	printf("parent_event_id 0x%llx root_cause_event_id 0x%llx\n", rec->parent_event_id, rec->root_cause_event_id);
	printf("agent_visibility_mask 0x%llx agent_relevance_score %u replay_priority %u\n",
	       rec->agent_visibility_mask, rec->agent_relevance_score, rec->replay_priority);
	if (rec->event_version == VEXJ_EVENT_VERSION) {
		print_attrs(p, rec->context_size);
	} else {
		printf("context ");
		quoted(p, rec->context_size);
		putchar('\n');
	}
	p += ROUND(rec->context_size);
	printf("payload ");
	quoted(p, rec->payload_size);
	p += ROUND(rec->payload_size);
	printf("\nmetadata ");
	quoted(p, rec->metadata_size);
	putchar('\n');
	p += ROUND(rec->metadata_size);
	for (i = 0; i < rec->causality_link_count; i++) {
		const struct vexj_link *l = (const void *)(p + i * sizeof(*l));

		printf("link cause 0x%llx effect 0x%llx type %u strength %u delay %llu ",
		       l->cause, l->effect, l->type, l->strength, l->delay);
		quoted((const unsigned char *)l->description, sizeof(l->description));
		putchar('\n');
	}
}

static void declared(void)
{
	begin(VEXJ_PROC_EXEC, 0, 0);
	task("ls");
	text(VEXJ_ATTR_PATH, "/usr/bin/ls");
	attr(VEXJ_ATTR_ARGV, "ls", 2);
	attr(VEXJ_ATTR_DECLARED, "CLAUDECODE=1\0AI_AGENT=builder 7", 31);
	finish("proc-exec-declared");
}

static void value(void)
{
	begin(VEXJ_FS_SETXATTR, 0, 0);
	text(VEXJ_ATTR_NAME, "user.note");
	attr(VEXJ_ATTR_VALUE, "a\0b", 3);
	io(-1, 3, 0);
	text(VEXJ_ATTR_PATH, "/x");
	finish("fs-setxattr-value");
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "write")) {
		dir = argv[2];
		filesystem();
		process();
		sys();
		agents();
		edges();
		legacy();
		removed();
		declared();
		vectors();
		value();
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "print")) {
		print(argv[2]);
		return 0;
	}
	die("usage: golden write DIR | golden print FILE");
	return 1;
}
