// SPDX-License-Identifier: GPL-2.0-only
/*
 * An example and a test of vexj_emit(): while something records, loading this
 * module emits AGENT_DECISION records from each kind of context, and then what must
 * be refused. Loading fails if an answer is not the expected one.
 */
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "../../uapi/vexj.h"
#include "../vexj_emit.h"

static unsigned int records = 1;
module_param(records, uint, 0444);
MODULE_PARM_DESC(records, "How many records to emit from each context (default 1)");

/* A record with one attribute: GRAPH_NODE says which context it is from. */
struct sample {
	struct vexj_record h;
	struct vexj_attr head;
	u64 node;
} VEXJ_PACKED;

enum place {
	TASK = 1,
	SOFTIRQ = 2,
	HARDIRQ = 3,
};

struct job {
	struct irq_work hard;
	struct tasklet_struct soft;
	struct completion done;
	int result;
};

static struct sample make(u64 node)
{
	return (struct sample){
		.h = {
			.event_type = VEXJ_AGENT_DECISION,
			.event_size = sizeof(struct sample),
			.context_size = sizeof(struct sample) - sizeof(struct vexj_record),
			.event_version = VEXJ_EVENT_VERSION,
		},
		.head = { VEXJ_ATTR_GRAPH_NODE, sizeof(u64) },
		.node = node,
	};
}

static int emit(enum place place)
{
	struct sample s = make(place);
	unsigned int i;
	int err = 0;

	for (i = 0; i < records && !err; i++)
		err = vexj_emit(&s, sizeof(s));
	return err;
}

static void on_hardirq(struct irq_work *work)
{
	struct job *job = container_of(work, struct job, hard);

	job->result = emit(HARDIRQ);
	tasklet_schedule(&job->soft);
}

static void on_softirq(struct tasklet_struct *soft)
{
	struct job *job = container_of(soft, struct job, soft);

	if (!job->result)
		job->result = emit(SOFTIRQ);
	complete(&job->done);
}

static int emit_from_all(void)
{
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);
	int err;

	if (!job)
		return -ENOMEM;
	init_completion(&job->done);
	init_irq_work(&job->hard, on_hardirq);
	tasklet_setup(&job->soft, on_softirq);
	err = emit(TASK);
	if (!err) {
		irq_work_queue(&job->hard);
		wait_for_completion(&job->done);
		irq_work_sync(&job->hard);
		err = job->result;
	}
	tasklet_kill(&job->soft);
	kfree(job);
	return err;
}

static bool refused(const char *what, const struct sample *s, size_t size, int want)
{
	int got = vexj_emit(s, size);

	if (got != want)
		pr_err("vexj_selftest: %s: %d instead of %d\n", what, got, want);
	return got == want;
}

static bool refuse_all(void)
{
	struct sample s = make(0);
	bool ok;

	ok = refused("a record that is cut", &s, sizeof(s) - 4, -EINVAL);
	ok &= refused("a header that is cut", &s, sizeof(s.h) - 1, -EINVAL);
	s.h.event_type = VEXJ_SYS_LOST;
	ok &= refused("a type of the recorder", &s, sizeof(s), -EPERM);
	s.h.event_type = VEXJ_CAT_AGENT;
	ok &= refused("a category", &s, sizeof(s), -EINVAL);
	s = make(0);
	s.h.event_id = 1;
	ok &= refused("an id of its own", &s, sizeof(s), -EINVAL);
	s = make(0);
	s.head.tag = VEXJ_ATTR_TASK;
	ok &= refused("a writer of its own", &s, sizeof(s), -EPERM);
	s = make(0);
	s.head.len = 0xffff;
	ok &= refused("an attribute beyond the record", &s, sizeof(s), -EINVAL);
	return ok;
}

static int __init selftest_init(void)
{
	int err = emit_from_all();

	if (err) {
		pr_err("vexj_selftest: emitting failed: %d%s\n", err, err == -ENOTCONN ? ": nothing records" : "");
		return err;
	}
	return refuse_all() ? 0 : -EINVAL;
}

static void __exit selftest_exit(void) {}

module_init(selftest_init);
module_exit(selftest_exit);

MODULE_DESCRIPTION("Emits records into vexj from every kind of context");
MODULE_AUTHOR("The vexj authors");
MODULE_LICENSE("GPL");
