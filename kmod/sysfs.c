// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/misc/vexj, for whoever has no tool at hand; root's alone, like the
 * device. hooks_placed: names. hooks_missing: name, what is not seen without
 * it, why, with tabs between. counters: sums over CPUs.
 */
#include <linux/device.h>
#include <linux/sysfs.h>
#include "core.h"

static ssize_t list_hooks(char *text, bool placed)
{
	struct vexj_dev_hook h = {};
	ssize_t len = 0;

	for (; !vexj_hook_get(&h); h.index++) {
		if (placed && h.placed)
			len += sysfs_emit_at(text, len, "%s\n", h.name);
		else if (!placed && !h.placed)
			len += sysfs_emit_at(text, len, "%s\t%s\t%s\n", h.name, h.operation, h.why);
	}
	return len;
}

static ssize_t hooks_placed_show(struct device *dev, struct device_attribute *attr, char *text)
{
	return list_hooks(text, true);
}
static DEVICE_ATTR(hooks_placed, 0400, hooks_placed_show, NULL);

static ssize_t hooks_missing_show(struct device *dev, struct device_attribute *attr, char *text)
{
	return list_hooks(text, false);
}
static DEVICE_ATTR(hooks_missing, 0400, hooks_missing_show, NULL);

static ssize_t counters_show(struct device *dev, struct device_attribute *attr, char *text)
{
	static const char *const causes[VEXJ_LOST_CAUSES] = {
		"unknown", "full", "too_big", "nested", "path", "fault", "state", "malformed", "unclean",
	};
	struct vexj_dev_counters c = { .cpu = VEXJ_DEV_ALL_CPUS };
	ssize_t len;
	int i;

	vexj_dev_count(&c);
	len = sysfs_emit(text, "attempted %llu\nrecorded %llu\nfiltered %llu\nblind %llu\nemitted %llu\n",
			 c.attempted, c.recorded, c.filtered, c.blind, c.emitted);
	for (i = 0; i < VEXJ_LOST_CAUSES; i++)
		len += sysfs_emit_at(text, len, "lost_%s %llu\n", causes[i], c.lost[i]);
	return len;
}
static DEVICE_ATTR(counters, 0400, counters_show, NULL);

static struct attribute *attributes[] = {
	&dev_attr_hooks_placed.attr,
	&dev_attr_hooks_missing.attr,
	&dev_attr_counters.attr,
	NULL,
};

static const struct attribute_group group = { .attrs = attributes };

const struct attribute_group *vexj_sysfs_groups[] = { &group, NULL };
