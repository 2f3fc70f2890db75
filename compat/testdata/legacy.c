/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Legacy journals, made and read from their specification and nothing else: no
 * line of the Go package is known here.
 *
 *	legacy write DIR	one DIR/NAME for each file below
 *	legacy print FILE	a file as text; fails if something in it is wrong
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define PACKED __attribute__((packed))
#define SEMJ 0x53454D4A
#define USJL 0x55534A4C
#define STOR 0x53544F52
#define MAX (4 << 20)

struct timestamp {
	u64 ktime, sequence;
	u32 cpu_id, process_id;
} PACKED;

struct file_header {
	u32 magic, version_major, version_minor;
	u64 total_events, next_event_id, journal_size, index_offset;
	u32 flags, checksum;
} PACKED;

struct usjl_header {
	struct file_header common;
	u64 created_at, modified_at;
	u8 reserved[64];
} PACKED;

struct event_header {
	u64 event_id;
	u32 event_type, event_subtype;
	struct timestamp timestamp;
	u64 global_sequence, local_sequence;
	u32 event_flags, event_priority, event_size, context_size, payload_size, metadata_size;
	u32 event_version, checksum, compression_type, encryption_type, causality_link_count;
	u64 parent_event_id, root_cause_event_id, agent_visibility_mask;
	u32 agent_relevance_score, replay_priority;
} PACKED;

struct context {
	u64 transaction_id, session_id, causality_chain_id;
	char path[4096];
	u64 inode;
	u32 file_type;
	u64 graph_node, graph_edge;
	u32 graph_op;
	u64 vector_id;
	u32 dimensions, element_type;
	char agent_id[64], agent_intent[256];
	u32 agent_confidence, system_load;
	u64 memory_usage;
	u32 io_pressure;
	char semantic_tags[512], semantic_intent[256];
	u32 semantic_confidence;
} PACKED;

struct link {
	u64 cause, effect;
	u32 type, strength;
	u64 delay;
	char description[128];
} PACKED;

struct index_entry {
	u64 event_id;
	u32 type;
	struct timestamp timestamp;
	u64 storage_offset;
	u32 event_size, flags;
} PACKED;

struct block_header {
	u32 magic, version;
	u64 block_id;
	u32 block_size, event_count, compression, compressed_size, uncompressed_size, checksum;
	struct timestamp first_time, last_time;
	u64 first_id, last_id;
} PACKED;

struct entry_header {
	u32 entry_size;
	u64 event_id;
	u32 event_type;
	u64 timestamp;
	u8 format, compression;
	u16 flags;
	u64 data_len;
} PACKED;

_Static_assert(sizeof(struct file_header) == 52, "file header");
_Static_assert(sizeof(struct usjl_header) == 132, "USJL header");
_Static_assert(sizeof(struct event_header) == 132, "event header");
_Static_assert(sizeof(struct context) == 5280, "context");
_Static_assert(sizeof(struct link) == 160, "link");
_Static_assert(sizeof(struct index_entry) == 52, "index entry");
_Static_assert(sizeof(struct block_header) == 104, "block header");
_Static_assert(sizeof(struct entry_header) == 36, "entry header");

static void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* Linux crc32(seed, ...): bit by bit, no inversion. */
static u32 crc32_linux(u32 crc, const void *data, size_t n)
{
	const u8 *p = data;
	int i;

	while (n--) {
		crc ^= *p++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
	}
	return crc;
}

static u32 sum31(const u8 *p, size_t n)
{
	u32 c = 0;

	while (n--)
		c = c * 31 + *p++;
	return c;
}

/* ---- compressing, as simply as the formats allow ---- */

/* zlib: deflate blocks that are stored. */
static size_t zlib_stored(u8 *out, const u8 *in, size_t n)
{
	u32 a = 1, b = 0;
	u8 *o = out;
	size_t i, k;

	for (i = 0; i < n; i++) {
		a = (a + in[i]) % 65521;
		b = (b + a) % 65521;
	}
	*o++ = 0x78;
	*o++ = 0x01;
	do {
		k = n > 65535 ? 65535 : n;
		*o++ = k == n;
		*o++ = k;
		*o++ = k >> 8;
		*o++ = ~k;
		*o++ = ~k >> 8;
		memcpy(o, in, k);
		o += k;
		in += k;
		n -= k;
	} while (n);
	*o++ = b >> 8;
	*o++ = b;
	*o++ = a >> 8;
	*o++ = a;
	return o - out;
}

static u8 *lz4_length(u8 *o, size_t n)
{
	for (; n >= 255; n -= 255)
		*o++ = 255;
	*o++ = n;
	return o;
}

/* An LZ4 block: runs of one byte as matches at distance 1, the rest literals. */
static size_t lz4_runs(u8 *out, const u8 *in, size_t n)
{
	size_t i = 0, literals = 0;
	u8 *o = out;

	while (i + 12 < n) {
		size_t run = 0, lit, match;

		while (i + 1 + run < n - 5 && in[i + 1 + run] == in[i])
			run++;
		if (run < 8) {
			i++;
			continue;
		}
		i++;
		lit = i - literals;
		match = run - 4;
		*o++ = (lit < 15 ? lit : 15) << 4 | (match < 15 ? match : 15);
		if (lit >= 15)
			o = lz4_length(o, lit - 15);
		memcpy(o, in + literals, lit);
		o += lit;
		*o++ = 1;
		*o++ = 0;
		if (match >= 15)
			o = lz4_length(o, match - 15);
		i += run;
		literals = i;
	}
	i = n - literals;
	*o++ = (i < 15 ? i : 15) << 4;
	if (i >= 15)
		o = lz4_length(o, i - 15);
	memcpy(o, in + literals, i);
	return o + i - out;
}

/* xxHash32 of less than 16 bytes, which is all that a frame header needs. */
static u32 xxh32(const u8 *p, size_t n)
{
	u32 h = 374761393 + n;

	while (n--) {
		h += *p++ * 374761393u;
		h = (h << 11 | h >> 21) * 2654435761u;
	}
	h = (h ^ h >> 15) * 2246822519u;
	h = (h ^ h >> 13) * 3266489917u;
	return h ^ h >> 16;
}

static size_t lz4_frame(u8 *out, const u8 *in, size_t n)
{
	u32 magic = 0x184D2204, end = 0, size;

	memcpy(out, &magic, 4);
	out[4] = 0x60; /* version 1, blocks independent */
	out[5] = 0x70; /* blocks of up to 4 MiB */
	out[6] = xxh32(out + 4, 2) >> 8;
	size = lz4_runs(out + 11, in, n);
	memcpy(out + 7, &size, 4);
	memcpy(out + 11 + size, &end, 4);
	return 15 + size;
}

/* ---- a file that grows ---- */

static u8 file[MAX];
static size_t length;
static const char *dir;

static void put(const void *p, size_t n)
{
	if (length + n > MAX)
		die("the file is too large");
	memcpy(file + length, p, n);
	length += n;
}

static void save(const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (!f || fwrite(file, length, 1, f) != 1 || fclose(f))
		die("%s: %s", path, strerror(errno));
}

/* ---- SEMJ ---- */

static u8 event[200000];
static size_t event_size;
static u64 number;
static struct index_entry entries[256];
static u32 entry_count;

#define HEADER ((struct event_header *)event)
#define CONTEXT ((struct context *)(event + 132))

static void begin(u32 type)
{
	memset(event, 0, sizeof(event));
	number++;
	*HEADER = (struct event_header){
		.event_id = 1000 + number, .event_type = type, .event_subtype = number % 3,
		.timestamp = { 5000000000 + 1000 * number, number, number % 4, 4000 + number % 3 },
		.global_sequence = number, .local_sequence = 2 * number, .event_flags = number % 256,
		.event_priority = 1 + number % 5, .context_size = 5280, .event_version = 1,
		.parent_event_id = 999 + number, .root_cause_event_id = 1001, .agent_visibility_mask = ~0ull >> number % 9,
		.agent_relevance_score = number % 101, .replay_priority = number % 7,
	};
	event_size = 132 + 5280;
}

static void part(u32 *size, const void *p, size_t n, int padded)
{
	memcpy(event + event_size, p, n);
	*size = n;
	event_size += padded ? (n + 3) & ~3ul : n;
}

static void finish(void)
{
	HEADER->event_size = event_size;
	HEADER->checksum = 0;
	HEADER->checksum = crc32_linux(0, event, event_size);
}

static void indexed(u64 at)
{
	entries[entry_count++] = (struct index_entry){
		HEADER->event_id, HEADER->event_type, HEADER->timestamp, at, event_size, number % 2,
	};
}

static void put_event(void)
{
	finish();
	indexed(length);
	put(event, event_size);
}

static void link_to(u64 cause)
{
	struct link l = { cause, HEADER->event_id, 2, 90, 12345, "the one made the other" };

	memcpy(event + event_size, &l, sizeof(l));
	event_size += sizeof(l);
	HEADER->causality_link_count++;
}

static void full_context(void)
{
	struct context *c = CONTEXT;

	*c = (struct context){
		.transaction_id = 1, .session_id = 2, .causality_chain_id = ~0ull, .inode = 123456789012, .file_type = 8,
		.graph_node = 4, .graph_edge = 5, .graph_op = 6, .vector_id = 7, .dimensions = 768, .element_type = 2,
		.agent_confidence = 87, .system_load = 150, .memory_usage = 1ull << 40, .io_pressure = 3, .semantic_confidence = 55,
	};
	strcpy(c->path, "/srv/data/report.txt");
	strcpy(c->agent_id, "agent-7");
	strcpy(c->agent_intent, "tidy the build");
	strcpy(c->semantic_tags, "{\"k\":[1,2]}");
	strcpy(c->semantic_intent, "cleanup");
}

static void begin_file(void)
{
	length = 0;
	number = 0;
	entry_count = 0;
	put((char[52]){ 0 }, 52);
}

static void end_semj(int with_index, int summed)
{
	struct file_header *h = (struct file_header *)file;

	*h = (struct file_header){ SEMJ, 1, 0, number, 1001 + number, 0, with_index ? length : 0, 3, 0 };
	if (with_index)
		put(entries, entry_count * sizeof(entries[0]));
	h->journal_size = length;
	if (summed)
		h->checksum = crc32_linux(0, h, sizeof(*h));
}

/* What a tidy writer makes, and what an untidy one leaves behind. */
static void semj_events(int padded)
{
	static char long_path[4096];
	u8 payload[300];
	size_t i;

	for (i = 0; i < sizeof(payload); i++)
		payload[i] = i * 7;
	begin_file();

	begin(0x0101);
	strcpy(CONTEXT->path, "/a");
	put_event();

	begin(0x0403);
	full_context();
	part(&HEADER->payload_size, payload, 13, padded);
	part(&HEADER->metadata_size, "meta!", 5, padded);
	link_to(7);
	link_to(8);
	put_event();

	begin(0x0104);	/* a path without a terminator, and texts that are full */
	memset(long_path, 'n', sizeof(long_path));
	long_path[0] = '/';
	memcpy(CONTEXT->path, long_path, sizeof(long_path));
	memset(CONTEXT->agent_id, 'i', 64);
	memset(CONTEXT->semantic_tags, 't', 512);
	put_event();

	begin(0x0302);	/* remains behind the terminator of a text */
	strcpy(CONTEXT->path, "/long/name/that/was/there/before");
	strcpy(CONTEXT->path, "/short");
	CONTEXT->agent_intent[100] = 'x';
	CONTEXT->path[4095] = 'z';
	part(&HEADER->payload_size, payload, 2, padded);
	if (padded)
		event[event_size - 1] = 0xee;	/* padding that is not zero */
	put_event();

	begin(0x0503);	/* a compressed, encrypted payload, and a type of nobody's */
	HEADER->compression_type = 2;
	HEADER->encryption_type = 9;
	HEADER->event_type = 0xdead;
	HEADER->event_subtype = ~0u;
	part(&HEADER->payload_size, payload, sizeof(payload), padded);
	put_event();

	begin(0x0601);	/* metadata that pretends to be an envelope of vexj */
	part(&HEADER->metadata_size, "\x10\0\0\0\0\0\0\0\x8fVEXJv2\n", 16, padded);
	put_event();
}

static void semj_files(void)
{
	semj_events(0);
	end_semj(1, 1);
	save("packed.semj");

	semj_events(1);
	end_semj(0, 0);
	save("padded-without-index.semj");

	/* The largest that there can be; made larger than it is filled. */
	begin_file();
	begin(0x0606);
	full_context();
	{
		static u8 big[65536];
		size_t i;

		for (i = 0; i < sizeof(big); i++)
			big[i] = i >> 8;
		part(&HEADER->payload_size, big, sizeof(big), 0);
		part(&HEADER->metadata_size, big, 2048, 0);
		for (i = 0; i < 256; i++)
			link_to(i);
	}
	put_event();
	end_semj(0, 1);
	length += 10000;
	memset(file + length - 10000, 0, 10000);
	save("largest-preallocated.semj");

	begin_file();
	end_semj(0, 1);
	save("empty.semj");
}

static void put_block(u64 id, u32 compression, int events, u32 block_size, u8 tail, int summed)
{
	static u8 raw[MAX], packed[MAX];
	struct block_header h = { STOR, 1, id, block_size, events, compression, 0, 0, 0, { 0 }, { 0 }, 0, 0 };
	size_t n = 0, size;
	int i;

	for (i = 0; i < events; i++) {
		begin(0x0201 + i);
		snprintf(CONTEXT->path, sizeof(CONTEXT->path), "/block/%d/event/%d", (int)id, i);
		CONTEXT->graph_node = 10 * id + i;
		part(&HEADER->payload_size, "payload", 7, 0);
		finish();
		indexed(n);
		memcpy(raw + n, event, event_size);
		n += event_size;
		if (i == 0) {
			h.first_id = HEADER->event_id;
			h.first_time = HEADER->timestamp;
		}
		h.last_id = HEADER->event_id;
		h.last_time = HEADER->timestamp;
	}
	size = compression == 1 ? zlib_stored(packed, raw, n) : compression == 2 ? lz4_runs(packed, raw, n) : n;
	if (!compression)
		memcpy(packed, raw, n);
	h.compressed_size = size;
	h.uncompressed_size = n;
	switch (summed) {
	case 1: /* header and data */
		h.checksum = crc32_linux(crc32_linux(0, &h, sizeof(h)), packed, size);
		break;
	case 2: /* data as stored */
		h.checksum = crc32_linux(0, packed, size);
		break;
	case 3: /* data as it was */
		h.checksum = crc32_linux(0, raw, n);
		break;
	}
	put(&h, sizeof(h));
	put(packed, size);
	while (sizeof(h) + size++ < block_size)
		put(&tail, 1);
}

static void semj_blocks(void)
{
	begin_file();
	put_block(1, 0, 2, 0, 0, 1);
	put_block(2, 1, 3, 0, 0, 2);
	put_block(3, 2, 3, 8192, 0, 3);	/* with room behind it */
	put_block(4, 0, 1, 8192, 0, 0);
	put_block(5, 0, 1, 8192, 0x5a, 1);	/* with remains behind it */
	put_block(6, 2, 0, 0, 0, 1);	/* of no events */
	begin(0x0105);	/* and an event by itself between them */
	put_event();
	put_block(7, 2, 1, 0, 0, 1);
	end_semj(1, 1);
	save("blocks.semj");
}

/* ---- USJL ---- */

static void put_entry(int shortened, u32 type, u8 format, u8 compression, u16 flags, const u8 *data, size_t n)
{
	struct entry_header h = { n + (shortened ? 36 : 40), 1000 + ++number, type, 1700000000 + number, format, compression, flags, n };
	u32 sum = sum31(data, n);

	put(&h, sizeof(h));
	put(data, n);
	put(&sum, sizeof(sum));
}

static u8 bin[100000];
static size_t bin_length;

static void bin_put(const void *p, size_t n)
{
	memcpy(bin + bin_length, p, n);
	bin_length += n;
}

static void bin8(u8 v) { bin_put(&v, 1); }
static void bin32(u32 v) { bin_put(&v, 4); }
static void bin64(u64 v) { bin_put(&v, 8); }

static void bin_text(const char *s)
{
	bin64(strlen(s));
	bin_put(s, strlen(s));
}

static void bin_some32(u32 v)
{
	bin8(1);
	bin32(v);
}

static void bin_some64(u64 v)
{
	bin8(1);
	bin64(v);
}

static void bin_some_text(const char *s)
{
	bin8(1);
	bin_text(s);
}

/* The event of the legacy writer in bincode: see package compat. */
static void bincode(const char *path)
{
	int i;

	bin_length = 0;
	bin64(4711);
	bin32(3);
	bin_some32(9);
	bin_text("2023-11-14T22:13:21.123456789Z");
	bin64(77);
	bin32(2);
	bin32(4242);
	bin64(100);
	bin64(50);
	for (i = 0; i < 8; i++)
		bin8(i == 0 || i == 3);
	bin32(1); /* high */
	bin32(0);
	bin32(1);
	for (i = 0; i < 3; i++)
		bin8(0);
	bin64(1);
	bin64(11);
	bin64(12);
	bin32(1);
	bin32(80);
	bin64(5000);
	bin_some_text("because");
	bin_some64(4710);
	bin8(0);
	bin64(0xff);
	bin32(66);
	bin32(5);
	bin_some64(1);
	bin_some64(2);
	bin8(0);
	bin8(1); /* filesystem */
	bin_text(path);
	bin_some64(987654321);
	bin_some_text("regular");
	bin8(0); /* graph */
	bin8(1); /* vector */
	bin_some64(8);
	bin_some32(3);
	bin8(0);
	bin8(1); /* agent */
	bin_text("agent-9");
	bin_some_text("write it down");
	bin_some32(90);
	bin8(0); /* system */
	bin8(1); /* semantic */
	bin64(1);
	bin_text("color");
	bin_text("blue");
	bin8(0);
	bin_some32(44);
	bin8(0); /* observability */
	bin8(0); /* payload */
	bin8(0); /* metadata */
}

static const char json[] =
	"{\"event_id\":1001,\"event_type\":\"FilesystemWrite\",\"event_subtype\":null,"
	"\"timestamp\":{\"timestamp\":\"2023-11-14T22:13:22.5Z\",\"sequence\":5,\"cpu_id\":1,\"process_id\":321},"
	"\"global_sequence\":9,\"local_sequence\":8,\"flags\":{\"atomic\":true,\"transactional\":false,\"causal\":true,"
	"\"agent_visible\":false,\"deterministic\":false,\"compressed\":false,\"indexed\":false,\"replicated\":false},"
	"\"priority\":\"Low\",\"event_size\":0,\"event_version\":1,\"checksum\":null,\"compression_type\":null,"
	"\"encryption_type\":null,\"causality_links\":[],\"parent_event_id\":null,\"root_cause_event_id\":17,"
	"\"agent_visibility_mask\":18446744073709551615,\"agent_relevance_score\":7,\"replay_priority\":0,"
	"\"context\":{\"transaction_id\":33,\"session_id\":null,\"causality_chain_id\":null,"
	"\"filesystem\":{\"path\":\"/var/log/caf\\u00e9\",\"inode_number\":42,\"file_type\":\"regular\"},"
	"\"graph\":null,\"vector\":null,\"agent\":null,\"system\":null,"
	"\"semantic\":{\"tags\":{\"a\":\"b\"},\"intent\":\"log\",\"confidence\":12},\"observability\":null},"
	"\"payload\":{\"any\":[1,2,3]},\"metadata\":null}";

static void usjl(int shortened, const char *name, size_t reserved)
{
	static u8 packed[MAX], big[100000];
	struct usjl_header *h = (struct usjl_header *)file;
	size_t n;

	length = 0;
	number = 0;
	put((char[132]){ 0 }, 132);
	bincode("/home/ann/notes.txt");
	put_entry(shortened, 0x0104, 4, 0, 0, bin, bin_length);
	put_entry(shortened, 0x0104, 1, 0, 7, (const u8 *)json, sizeof(json) - 1);
	put_entry(shortened, 0x0102, 4, 1, 0, bin, bin_length);	/* said to be compressed, and is not */
	n = lz4_frame(packed, (const u8 *)json, sizeof(json) - 1);
	put_entry(shortened, 0x0104, 0, 1, 0, packed, n);
	{
		static char path[3000];

		memset(path, 'p', sizeof(path) - 1);
		path[0] = '/';
		bincode(path);
	}
	n = lz4_frame(packed, bin, bin_length);
	put_entry(shortened, 0x0301, 4, 1, 0, packed, n);
	put_entry(shortened, 0xffffffff, 4, 0, 0xffff, (const u8 *)"of another structure", 20);
	put_entry(shortened, 0x0801, 3, 9, 0, (const u8 *)"\xa1\x61", 2);
	put_entry(shortened, 0x0802, 4, 0, 0, big, 0);
	for (n = 0; n < sizeof(big); n++)
		big[n] = n * n >> 5;
	put_entry(shortened, 0x0803, 7, 0, 0, big, sizeof(big));
	*h = (struct usjl_header){
		.common = { USJL, 1, 0, number, 1001 + number, 64 << 20, 0, 0, 0 },
		.created_at = 1699999999, .modified_at = 1700000100,
	};
	memset(h->reserved, reserved, sizeof(h->reserved));
	if (reserved) {
		memset(file + length, 0, reserved);
		length += reserved;
	}
	save(name);
}

/* ---- reading ---- */

static void quoted(const char *s, size_t n)
{
	size_t i;

	putchar('"');
	for (i = 0; i < n && s[i]; i++) {
		u8 c = s[i];

		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_event(const u8 *p, size_t left)
{
	static u8 copy[200000];
	const struct event_header *h = (const void *)p;
	const struct context *c = (const void *)(p + 132);
	size_t packed, padded;

	if (left < 132 + 5280 || h->event_version != 1 || h->context_size != 5280)
		die("no event at %zu", (size_t)(p - file));
	packed = 132 + 5280 + h->payload_size + h->metadata_size + 160ul * h->causality_link_count;
	padded = 132 + 5280 + ((h->payload_size + 3) & ~3u) + ((h->metadata_size + 3) & ~3u) + 160ul * h->causality_link_count;
	if (h->event_size > left || h->event_size > sizeof(copy) || (h->event_size != packed && h->event_size != padded))
		die("event at %zu: event_size %u, parts %zu or %zu", (size_t)(p - file), h->event_size, packed, padded);
	if (h->payload_size > 65536 || h->metadata_size > 2048 || h->causality_link_count > 256)
		die("event at %zu exceeds a limit", (size_t)(p - file));
	memcpy(copy, p, h->event_size);
	((struct event_header *)copy)->checksum = 0;
	if (crc32_linux(0, copy, h->event_size) != h->checksum)
		die("event at %zu: checksum", (size_t)(p - file));
	printf("event %" PRIu64 " type 0x%04x ktime %" PRIu64 " cpu %u pid %u flags 0x%x payload %u links %u inode %" PRIu64 " session %" PRIu64 " path ",
	       h->event_id, h->event_type, h->timestamp.ktime, h->timestamp.cpu_id, h->timestamp.process_id,
	       h->event_flags, h->payload_size, h->causality_link_count, c->inode, c->session_id);
	quoted(c->path, sizeof(c->path));
	printf(" agent ");
	quoted(c->agent_id, sizeof(c->agent_id));
	putchar('\n');
}

static void print_semj(void)
{
	struct file_header *h = (struct file_header *)file, copy = *h;
	size_t end = h->index_offset ? h->index_offset : length, off = 52, i, n = 0;

	copy.checksum = 0;
	if (h->version_major != 1 || end > length || h->journal_size != length)
		die("header");
	if (h->checksum && crc32_linux(0, &copy, sizeof(copy)) != h->checksum)
		die("header: checksum");
	while (off < end) {
		print_event(file + off, end - off);
		off += ((struct event_header *)(file + off))->event_size;
		n++;
	}
	if (h->total_events != n || (length - end) != n * 52)
		die("%zu events, header says %" PRIu64 ", index has %zu bytes", n, h->total_events, length - end);
	for (i = 0; i < n; i++) {
		const struct index_entry *e = (const void *)(file + end + 52 * i);
		const struct event_header *v = (const void *)(file + e->storage_offset);

		if (e->storage_offset >= end || v->event_id != e->event_id || v->event_type != e->type ||
		    memcmp(&v->timestamp, &e->timestamp, 24) || v->event_size != e->event_size)
			die("index entry %zu", i);
	}
}

static void print_usjl(void)
{
	struct usjl_header *h = (struct usjl_header *)file;
	size_t off = sizeof(*h), n = 0;

	if (h->common.version_major != 1)
		die("header");
	while (off < length) {
		const struct entry_header *e = (const void *)(file + off);
		u32 sum;

		if (length - off < 40 || e->data_len > length - off - 40 ||
		    (e->entry_size != e->data_len + 36 && e->entry_size != e->data_len + 40))
			die("entry at %zu", off);
		memcpy(&sum, file + off + 36 + e->data_len, 4);
		if (sum != sum31(file + off + 36, e->data_len))
			die("entry at %zu: checksum", off);
		printf("entry %" PRIu64 " type 0x%04x timestamp %" PRIu64 " format %u\n", e->event_id, e->event_type, e->timestamp, e->format);
		off += 40 + e->data_len;
		n++;
	}
	if (h->common.total_events != n)
		die("%zu entries, header says %" PRIu64, n, h->common.total_events);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "write")) {
		dir = argv[2];
		semj_files();
		semj_blocks();
		usjl(0, "long.usjl", 0);
		usjl(1, "short-preallocated.usjl", 77);
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "print")) {
		FILE *f = fopen(argv[2], "rb");
		u32 magic;

		length = f ? fread(file, 1, sizeof(file), f) : 0;
		memcpy(&magic, file, 4);
		if (length < 52)
			die("%s: cannot be read", argv[2]);
		if (magic == SEMJ)
			print_semj();
		else if (magic == USJL)
			print_usjl();
		else
			die("%s: neither SEMJ nor USJL", argv[2]);
		return 0;
	}
	fprintf(stderr, "usage: legacy write DIR | legacy print FILE\n");
	return 2;
}
