// SPDX-License-Identifier: GPL-2.0-only
/* Checks records that come from elsewhere. Believes nothing, reads each byte once. */
#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "emission.h"

#define ALLOWED_FLAGS (VEXJ_F_ATOMIC | VEXJ_F_TRANSACTIONAL | VEXJ_F_CAUSAL | VEXJ_F_AGENT_VISIBLE | \
		       VEXJ_F_DETERMINISTIC | VEXJ_F_INDEXED | VEXJ_F_REPLICATED)
#define TAGS 128

/* Of a category, the operations below 0x40 that have a meaning: 1 up to this. */
static u32 last_operation(u32 category)
{
	switch (category) {
	case VEXJ_CAT_GRAPH: return VEXJ_GRAPH_QUERY;
	case VEXJ_CAT_VECTOR: return VEXJ_VECTOR_EMBED;
	case VEXJ_CAT_AGENT: return VEXJ_AGENT_INTERACTION;
	case VEXJ_CAT_SEMANTIC: return VEXJ_SEM_LINK;
	case VEXJ_CAT_OBSERVABILITY: return VEXJ_OBS_THRESHOLD;
	}
	return 0;
}

static int check_type(u32 type, bool trusted)
{
	u32 category = VEXJ_CATEGORY(type);

	switch (category) {
	case VEXJ_CAT_SYSTEM:
		/* The mirror's: they tell what is in the journal. */
		if (type >= VEXJ_SYS_LOST)
			return -EPERM;
		fallthrough;
	case VEXJ_CAT_FILESYSTEM:
	case VEXJ_CAT_PROCESS:
		if (type & ~0xffffu || type == category)
			return -EINVAL;
		return trusted ? 0 : -EPERM;
	}
	return type > category && type <= last_operation(category) ? 0 : -EINVAL;
}

static int check_header(const struct vexj_record *h, size_t len)
{
	u64 sum = sizeof(*h) + (u64)h->context_size + round_up((u64)h->payload_size, 4) +
		  round_up((u64)h->metadata_size, 4) + (u64)h->causality_link_count * VEXJ_LINK_SIZE;

	if (h->event_version != VEXJ_EVENT_VERSION || h->checksum || h->compression_type || h->encryption_type)
		return -EINVAL;
	/* What the kernel stamps. */
	if (h->event_id || h->ktime || h->sequence || h->cpu_id || h->process_id || h->global_sequence)
		return -EINVAL;
	if (h->event_flags & ~ALLOWED_FLAGS || h->event_priority > VEXJ_PRIORITY_BACKGROUND ||
	    h->agent_relevance_score > 100)
		return -EINVAL;
	if (h->event_size > VEXJ_RECORD_MAX)
		return -EMSGSIZE;
	if (h->context_size % VEXJ_RECORD_ALIGN || h->event_size != sum || sum > len)
		return -EINVAL;
	return 0;
}

/* The size of a tag's value; -1: any. */
static int tag_size(u16 tag)
{
	switch (tag) {
	case VEXJ_ATTR_FILE:
	case VEXJ_ATTR_FILE2: return sizeof(struct vexj_attr_file);
	case VEXJ_ATTR_IO: return sizeof(struct vexj_attr_io);
	case VEXJ_ATTR_PARENT: return sizeof(struct vexj_attr_parent);
	case VEXJ_ATTR_OPEN: return sizeof(struct vexj_attr_open);
	case VEXJ_ATTR_OWNER: return sizeof(struct vexj_attr_owner);
	case VEXJ_ATTR_TIMES: return sizeof(struct vexj_attr_times);
	case VEXJ_ATTR_CHILD: return sizeof(struct vexj_attr_child);
	case VEXJ_ATTR_RDEV: return sizeof(struct vexj_attr_rdev);
	case VEXJ_ATTR_LOCK: return sizeof(struct vexj_attr_lock);
	case VEXJ_ATTR_TRANSACTION:
	case VEXJ_ATTR_SESSION:
	case VEXJ_ATTR_CHAIN:
	case VEXJ_ATTR_GRAPH_NODE:
	case VEXJ_ATTR_GRAPH_EDGE:
	case VEXJ_ATTR_VECTOR_ID:
	case VEXJ_ATTR_SYSTEM_MEMORY: return sizeof(u64);
	case VEXJ_ATTR_FILE_TYPE:
	case VEXJ_ATTR_GRAPH_OP:
	case VEXJ_ATTR_VECTOR_DIMS:
	case VEXJ_ATTR_VECTOR_ELEM:
	case VEXJ_ATTR_AGENT_CONFIDENCE:
	case VEXJ_ATTR_SYSTEM_LOAD:
	case VEXJ_ATTR_SYSTEM_IO:
	case VEXJ_ATTR_SEM_CONFIDENCE: return sizeof(u32);
	}
	return -1;
}

static int check_value(u16 tag, const u8 *value, u32 len)
{
	int size = tag_size(tag);

	if (size >= 0)
		return len == size ? 0 : -EINVAL;
	switch (tag) {
	case VEXJ_ATTR_TASK:
	case VEXJ_ATTR_DECLARED:
	case VEXJ_ATTR_LOST:
	case VEXJ_ATTR_PRODUCER:
	case VEXJ_ATTR_COVERAGE:
	case VEXJ_ATTR_CLOCK:
		return -EPERM;
	case VEXJ_ATTR_PATH:
	case VEXJ_ATTR_PATH2:
		if (len > VEXJ_PATH_MAX)
			return -EINVAL;
		fallthrough;
	case VEXJ_ATTR_NAME:
		if (len && !value[len - 1])
			return -EINVAL;
	}
	return 0;
}

/* An attributed process may say whom it acts for, and cannot say another. */
static int check_claim(struct vexj_emission *e, u16 tag, const u8 *value, u32 len,
		       const struct vexj_context *c)
{
	if (tag == VEXJ_ATTR_AGENT_ID) {
		e->has_agent = true;
		if (c && c->agent_id_len && (len != c->agent_id_len || memcmp(value, c->agent_id, len)))
			return -EPERM;
	} else if (tag == VEXJ_ATTR_SESSION) {
		e->has_session = true;
		if (c && c->session && memcmp(value, &c->session, sizeof(c->session)))
			return -EPERM;
	}
	return 0;
}

static int check_attrs(struct vexj_emission *e, const struct vexj_context *c)
{
	DECLARE_BITMAP(seen, TAGS) = {};
	u32 off, end;
	int err;

	for (off = 0; off < e->attrs_len; off = end) {
		const struct vexj_attr *head = (const void *)(e->attrs + off);
		const u8 *value = e->attrs + off + sizeof(*head);
		u32 i;

		/* The context is a multiple of 4, so the head is whole. */
		end = off + sizeof(*head) + round_up((u32)head->len, VEXJ_RECORD_ALIGN);
		if (end > e->attrs_len)
			return -EINVAL;
		/* A tag that is not known here means something to a newer reader. */
		if (head->tag < TAGS && __test_and_set_bit(head->tag, seen))
			return -EINVAL;
		err = check_value(head->tag, value, head->len);
		if (!err)
			err = check_claim(e, head->tag, value, head->len, c);
		if (err)
			return err;
		for (i = head->len; i % VEXJ_RECORD_ALIGN; i++)
			if (value[i])
				return -EINVAL;
	}
	return 0;
}

static bool zero_after(const u8 *part, u32 len)
{
	for (; len % 4; len++)
		if (part[len])
			return false;
	return true;
}

ssize_t vexj_emission_check(struct vexj_emission *e, const u8 *text, size_t len, bool trusted,
			    const struct vexj_context *c)
{
	const struct vexj_record *h = &e->h;
	int err;

	if (len < sizeof(*h))
		return -EINVAL;
	memset(e, 0, sizeof(*e));
	memcpy(&e->h, text, sizeof(e->h));
	err = check_header(h, len);
	if (!err)
		err = check_type(h->event_type, trusted);
	if (err)
		return err;
	e->attrs = text + sizeof(*h);
	e->attrs_len = h->context_size;
	e->rest = e->attrs + e->attrs_len;
	e->rest_len = h->event_size - sizeof(*h) - e->attrs_len;
	if (!zero_after(e->rest, h->payload_size) ||
	    !zero_after(e->rest + round_up(h->payload_size, 4), h->metadata_size))
		return -EINVAL;
	err = check_attrs(e, c);
	if (err)
		return err;
	return h->event_size;
}
