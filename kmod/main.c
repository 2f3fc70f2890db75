// SPDX-License-Identifier: GPL-2.0-only
/*
 * Order of init, and unwinding in reverse. The device comes last: from then on
 * others can ask for anything.
 */
#include <linux/module.h>
#include "core.h"
#include "params.h"

static int __init vexj_init(void)
{
	u32 placed, missing;
	int err;

	err = vexj_params_init();
	if (err)
		return err;
	err = vexj_filter_init();
	if (err)
		return err;
	err = vexj_context_init();
	if (err)
		goto filter;
	err = vexj_task_init();
	if (err)
		goto context;
	err = vexj_hooks_init();
	if (err)
		goto hooks;
	err = vexj_dev_init();
	if (err)
		goto placed;
	vexj_hook_count(&placed, &missing);
	pr_info("vexj: %u hooks placed, %u missing\n", placed, missing);
	return 0;
placed:
	vexj_hooks_exit();
hooks:
	vexj_hooks_forget();
context:
	vexj_context_exit();
filter:
	vexj_filter_exit();
	return err;
}

/* Nobody has the device open, so there is no run. */
static void __exit vexj_exit(void)
{
	vexj_dev_exit();
	vexj_hooks_exit();
	vexj_hooks_forget();
	vexj_context_exit();
	vexj_filter_exit();
}

module_init(vexj_init);
module_exit(vexj_exit);

MODULE_DESCRIPTION("vexj: a journal of what happens to files");
MODULE_AUTHOR("The vexj authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0.0");
