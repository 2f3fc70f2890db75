// SPDX-License-Identifier: GPL-2.0-only
/* Everything that an offset or id says is checked before it is followed. */
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <uapi/linux/btf.h>
#include "btf.h"
#include "hooks.h"

#define MAX_CHAIN 16	/* of const, volatile and the like */

static u32 kind_of(const struct btf_type *t)
{
	return BTF_INFO_KIND(t->info);
}

/* Bytes of what follows a type; -1: a kind that is not known. */
static int extra(const struct btf_type *t)
{
	u32 n = BTF_INFO_VLEN(t->info);

	switch (kind_of(t)) {
	case BTF_KIND_INT: return sizeof(u32);
	case BTF_KIND_ARRAY: return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION: return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM: return n * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO: return n * sizeof(struct btf_param);
	case BTF_KIND_VAR: return sizeof(struct btf_var);
	case BTF_KIND_DATASEC: return n * sizeof(struct btf_var_secinfo);
	case 17: return sizeof(u32);		/* BTF_KIND_DECL_TAG, 5.16 */
	case 19: return n * 3 * sizeof(u32);	/* BTF_KIND_ENUM64, 6.0 */
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case 16:				/* BTF_KIND_FLOAT, 5.13 */
	case 18: return 0;			/* BTF_KIND_TYPE_TAG, 5.17 */
	}
	return -1;
}

/* Fills the index, if there is one, and counts the types. */
static int count_types(struct vexj_btf *btf)
{
	u32 at = 0, n = 0;
	int more;

	while (at + sizeof(struct btf_type) <= btf->types_len) {
		more = extra((const void *)(btf->types + at));
		if (more < 0)
			return -EINVAL;
		if (btf->index)
			btf->index[n + 1] = at;
		n++;
		at += sizeof(struct btf_type) + more;
	}
	if (at != btf->types_len)
		return -EINVAL;
	btf->count = n;
	return 0;
}

int vexj_btf_open(struct vexj_btf *btf)
{
	const u8 *start = vexj_find_variable("__start_BTF"), *stop = vexj_find_variable("__stop_BTF");
	const struct btf_header *h = (const void *)start;
	u64 all = stop - start;
	int err;

	memset(btf, 0, sizeof(*btf));
	if (!start || !stop || start >= stop)
		return -ENOENT;
	if (all < sizeof(*h) || h->magic != BTF_MAGIC || h->hdr_len > all ||
	    (u64)h->hdr_len + h->type_off + h->type_len > all ||
	    (u64)h->hdr_len + h->str_off + h->str_len > all || !h->str_len)
		return -EINVAL;
	btf->types = start + h->hdr_len + h->type_off;
	btf->types_len = h->type_len;
	btf->strings = (const char *)start + h->hdr_len + h->str_off;
	btf->strings_len = h->str_len;
	if (btf->strings[btf->strings_len - 1])
		return -EINVAL;
	err = count_types(btf);
	if (err)
		return err;
	btf->index = vmalloc(array_size(btf->count + 1, sizeof(*btf->index)));
	return btf->index ? count_types(btf) : -ENOMEM;
}

void vexj_btf_close(struct vexj_btf *btf)
{
	vfree(btf->index);
}

static const struct btf_type *type_at(const struct vexj_btf *btf, u32 id)
{
	return id && id <= btf->count ? (const void *)(btf->types + btf->index[id]) : NULL;
}

static const char *string_at(const struct vexj_btf *btf, u32 off)
{
	return off < btf->strings_len ? btf->strings + off : "";
}

static const struct btf_type *find(const struct vexj_btf *btf, u32 kind, const char *name)
{
	const struct btf_type *t;
	u32 id;

	for (id = 1; id <= btf->count; id++) {
		t = type_at(btf, id);
		if (kind_of(t) == kind && !strcmp(string_at(btf, t->name_off), name))
			return t;
	}
	return NULL;
}

const struct btf_type *vexj_btf_function(const struct vexj_btf *btf, const char *name)
{
	const struct btf_type *t = find(btf, BTF_KIND_FUNC, name);

	t = t ? type_at(btf, t->type) : NULL;
	return t && kind_of(t) == BTF_KIND_FUNC_PROTO ? t : NULL;
}

const struct btf_type *vexj_btf_struct(const struct vexj_btf *btf, const char *name)
{
	return find(btf, BTF_KIND_STRUCT, name);
}

static const struct btf_type *unqualified(const struct vexj_btf *btf, u32 id)
{
	const struct btf_type *t = type_at(btf, id);
	int i;

	for (i = 0; t && i < MAX_CHAIN; i++) {
		switch (kind_of(t)) {
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case 18: /* BTF_KIND_TYPE_TAG */
			t = type_at(btf, t->type);
			continue;
		}
		return t;
	}
	return NULL;
}

bool vexj_btf_points(const struct vexj_btf *btf, const struct btf_type *function, u32 i, const char *name)
{
	const struct btf_param *p = (const void *)(function + 1);
	const struct btf_type *t;

	if (i >= BTF_INFO_VLEN(function->info))
		return false;
	t = unqualified(btf, p[i].type);
	if (!t || kind_of(t) != BTF_KIND_PTR)
		return false;
	t = unqualified(btf, t->type);
	return t && !strcmp(string_at(btf, t->name_off), name);
}

int vexj_btf_member(const struct vexj_btf *btf, const struct btf_type *in, const char *name)
{
	const struct btf_member *m = (const void *)(in + 1);
	u32 i;

	for (i = 0; i < BTF_INFO_VLEN(in->info); i++) {
		if (!strcmp(string_at(btf, m[i].name_off), name))
			return (BTF_INFO_KFLAG(in->info) ? BTF_MEMBER_BIT_OFFSET(m[i].offset) : m[i].offset) / 8;
	}
	return -1;
}
