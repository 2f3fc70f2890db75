/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a record must be that was not made by the module: see THE DEVICE in vexj.h.
 */
#ifndef VEXJ_EMISSION_H
#define VEXJ_EMISSION_H

#include "core.h"

/* A record that has been checked, by its parts. They belong to the caller. */
struct vexj_emission {
	struct vexj_record h;
	const u8 *attrs;
	u32 attrs_len;
	const u8 *rest;		/* payload, metadata and links, as they stand */
	u32 rest_len;
	bool has_agent, has_session;
};

/*
 * Checks the record at the start of text, and against the context that its
 * writer has. Trusted is other kernel code, which may emit any type but those
 * that the mirror makes. Returns event_size, or -EINVAL, -EPERM, -EMSGSIZE.
 */
ssize_t vexj_emission_check(struct vexj_emission *e, const u8 *text, size_t len, bool trusted,
			    const struct vexj_context *c);

#endif
