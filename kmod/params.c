// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "params.h"

static unsigned long ring_bytes = 4 << 20;
module_param(ring_bytes, ulong, 0444);
MODULE_PARM_DESC(ring_bytes, "Bytes of each CPU's ring: a power of two from 4096 to 268435456 (default 4194304)");

static unsigned int watermark;
module_param(watermark, uint, 0444);
MODULE_PARM_DESC(watermark, "New bytes in a ring that wake its reader: at most half a ring (default: a quarter)");

static unsigned int deadline_ms = 100;
module_param(deadline_ms, uint, 0444);
MODULE_PARM_DESC(deadline_ms, "Milliseconds that a record waits before its reader is woken: 1 to 60000 (default 100)");

static char *prefixes;
module_param(prefixes, charp, 0444);
MODULE_PARM_DESC(prefixes, "Record only below these absolute paths: at most 8, with commas between them");

static unsigned int uids[VEXJ_DEV_IDS];
static unsigned int uids_len;
module_param_array(uids, uint, &uids_len, 0444);
MODULE_PARM_DESC(uids, "Record only these filesystem users: at most 8, with commas between them");

static char *devs[VEXJ_DEV_IDS];
static unsigned int devs_len;
module_param_array(devs, charp, &devs_len, 0444);
MODULE_PARM_DESC(devs, "Record only these filesystems, as MAJOR:MINOR: at most 8, with commas between them");

static unsigned long long cgroup;
module_param(cgroup, ullong, 0444);
MODULE_PARM_DESC(cgroup, "Record only the control group (v2) of this inode number, and those below it");

static bool modify_only;
module_param(modify_only, bool, 0444);
MODULE_PARM_DESC(modify_only, "Record only what leaves something changed");

static bool failed;
module_param(failed, bool, 0444);
MODULE_PARM_DESC(failed, "Record failed operations too");

static struct vexj_sizes sizes;

const struct vexj_sizes *vexj_params_sizes(void)
{
	return &sizes;
}

int vexj_params_init(void)
{
	int err;

	sizes.ring_bytes = ring_bytes;
	sizes.watermark = watermark ? watermark : ring_bytes / 4;
	sizes.deadline_ms = deadline_ms;
	err = vexj_sizes_check(&sizes);
	if (err)
		pr_err("vexj: ring_bytes=%lu watermark=%u deadline_ms=%u: one is out of range; see modinfo vexj\n",
		       ring_bytes, watermark, deadline_ms);
	return err;
}

static int parse_devs(struct vexj_dev_filter *f)
{
	unsigned int i, major, minor;
	char end;

	for (i = 0; i < devs_len; i++) {
		if (sscanf(devs[i], "%u:%u%c", &major, &minor, &end) != 2) {
			pr_err("vexj: devs: \"%s\" is not MAJOR:MINOR\n", devs[i]);
			return -EINVAL;
		}
		f->devs[i] = (u64)major << 32 | minor;
	}
	f->devs_len = devs_len;
	return 0;
}

int vexj_params_filter(int (*set)(const struct vexj_dev_filter *f, const char *text))
{
	struct vexj_dev_filter f = {
		.flags = (modify_only ? VEXJ_DEV_FILTER_MODIFY : 0) | (failed ? VEXJ_DEV_FILTER_FAILED : 0),
		.cgroup = cgroup,
		.uids_len = uids_len,
	};
	char *text = NULL;
	int err = parse_devs(&f);

	if (err)
		return err;
	memcpy(f.uids, uids, uids_len * sizeof(uids[0]));
	if (prefixes && *prefixes) {
		text = kstrdup(prefixes, GFP_KERNEL);
		if (!text)
			return -ENOMEM;
		f.prefixes_len = strlen(text) + 1;
		strreplace(text, ',', '\0');
	}
	err = set(&f, text);
	if (err == -EINVAL)
		pr_err("vexj: prefixes, devs: not at most 8 absolute paths and as many devices; see modinfo vexj\n");
	kfree(text);
	return err;
}
