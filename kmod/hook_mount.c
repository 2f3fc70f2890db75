// SPDX-License-Identifier: GPL-2.0-only
/* Write access to mounts: through which of them a name is about to be changed. */
#include "hooks.h"
#include "compat/prototypes.h"

static bool wants(struct vexj_hit *h)
{
	vexj_wants_write(h->st, (void *)h->arg[0]);
	return false;
}

static bool wants_by_file(struct vexj_hit *h)
{
	vexj_wants_write(h->st, ((struct file *)h->arg[0])->f_path.mnt);
	return false;
}

static bool drops(struct vexj_hit *h)
{
	vexj_wrote(h->st, (void *)h->arg[0]);
	return false;
}

static bool drops_by_file(struct vexj_hit *h)
{
	vexj_wrote(h->st, ((struct file *)h->arg[0])->f_path.mnt);
	return false;
}

struct vexj_probe vexj_mount_probes[] = {
	{
		.function = "mnt_want_write", .operation = "the mount of a name", .enter = wants,
		.at = { VEXJ_WANT_WRITE_MNT, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_WANT_WRITE_MNT),
	},
	{
		.function = "mnt_want_write_file", .operation = "the mount of a name", .enter = wants_by_file,
		.at = { VEXJ_WANT_WRITE_FILE, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_WANT_WRITE_FILE),
	},
	{
		.function = "mnt_drop_write", .operation = "the mount of a name", .enter = drops,
		.at = { VEXJ_DROP_WRITE_MNT, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_DROP_WRITE_MNT),
	},
	{
		.function = "mnt_drop_write_file", .operation = "the mount of a name", .enter = drops_by_file,
		.at = { VEXJ_DROP_WRITE_FILE, VEXJ_ABSENT }, .unfit = VEXJ_FITS(VEXJ_DROP_WRITE_FILE),
	},
	{}
};
