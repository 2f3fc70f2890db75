// SPDX-License-Identifier: GPL-2.0-only
/* The list of hooks: what could be placed, and what not and why. */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "core.h"

static LIST_HEAD(hooks);
static DEFINE_MUTEX(hooks_lock);

struct vexj_hook *vexj_hook_report(const char *name, const char *operation, const char *why, ...)
{
	struct vexj_hook *h = kzalloc(sizeof(*h), GFP_KERNEL);
	va_list args;

	if (!h)
		return NULL;
	h->name = name;
	h->operation = operation;
	h->placed = !why;
	if (why) {
		va_start(args, why);
		vscnprintf(h->why, sizeof(h->why), why, args);
		va_end(args);
	}
	mutex_lock(&hooks_lock);
	list_add_tail(&h->list, &hooks);
	mutex_unlock(&hooks_lock);
	return h;
}

int vexj_hook_get(struct vexj_dev_hook *d)
{
	struct vexj_hook *h;
	u32 i = 0, index = d->index;
	int err = -ENOENT;

	memset(d, 0, sizeof(*d));
	d->index = index;
	mutex_lock(&hooks_lock);
	list_for_each_entry(h, &hooks, list) {
		if (i++ != index)
			continue;
		d->placed = h->placed;
		d->missed = atomic64_read(&h->missed);
		strscpy(d->name, h->name, sizeof(d->name));
		strscpy(d->operation, h->operation, sizeof(d->operation));
		strscpy(d->why, h->why, sizeof(d->why));
		err = 0;
		break;
	}
	mutex_unlock(&hooks_lock);
	return err;
}

void vexj_hook_count(u32 *placed, u32 *missing)
{
	struct vexj_hook *h;

	*placed = 0;
	*missing = 0;
	mutex_lock(&hooks_lock);
	list_for_each_entry(h, &hooks, list)
		++*(h->placed ? placed : missing);
	mutex_unlock(&hooks_lock);
}

void vexj_hooks_forget(void)
{
	struct vexj_hook *h, *next;

	list_for_each_entry_safe(h, next, &hooks, list) {
		list_del(&h->list);
		kfree(h);
	}
}
