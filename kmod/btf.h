/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel's own description of its types (BTF), as far as it is needed
 * to compare prototypes and members. The format is specified in the kernel's
 * Documentation/bpf/btf.rst.
 */
#ifndef VEXJ_BTF_H
#define VEXJ_BTF_H

#include <linux/types.h>

struct btf_type;

struct vexj_btf {
	const u8 *types;
	const char *strings;
	u32 types_len, strings_len;
	u32 *index;		/* by type id: offset in types */
	u32 count;		/* ids are 1 .. count */
};

/* -ENOENT: the kernel has none; -EINVAL: it is not understood. May sleep. */
int vexj_btf_open(struct vexj_btf *btf);
void vexj_btf_close(struct vexj_btf *btf);

/* NULL: there is none of that name. */
const struct btf_type *vexj_btf_function(const struct vexj_btf *btf, const char *name);
const struct btf_type *vexj_btf_struct(const struct vexj_btf *btf, const char *name);

/* Whether parameter i of a function points to a type of that name. */
bool vexj_btf_points(const struct vexj_btf *btf, const struct btf_type *function, u32 i, const char *name);

/* The offset of a member in bytes; -1: there is none. */
int vexj_btf_member(const struct vexj_btf *btf, const struct btf_type *in, const char *name);

#endif
