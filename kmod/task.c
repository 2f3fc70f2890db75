// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TASK attribute. Of a mount namespace the kernel's headers tell the name
 * alone; where its number is, is found by looking for one that is known.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/namei.h>
#include <linux/ns_common.h>
#include <linux/nsproxy.h>
#include <linux/path.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/uidgid.h>
#include "core.h"

/* Offset of the number in struct mnt_namespace; 0: not known. */
static unsigned int inum_at __read_mostly;

/* The namespace begins with its struct ns_common, or has it behind a count. */
#define INUM_FURTHEST (64 + offsetof(struct ns_common, inum))

int vexj_task_init(void)
{
	const u8 *ns = (const u8 *)current->nsproxy->mnt_ns;
	struct path path;
	unsigned int at;
	u64 inum;

	if (kern_path("/proc/self/ns/mnt", LOOKUP_FOLLOW, &path)) {
		vexj_hook_report("mnt_namespace", "the mount namespace of tasks",
				 "/proc is not mounted: mount it before the module is loaded");
		return 0;
	}
	inum = d_inode(path.dentry)->i_ino;
	path_put(&path);
	for (at = 0; at <= INUM_FURTHEST; at += sizeof(u32)) {
		if (*(const u32 *)(ns + at) == inum) {
			inum_at = at;
			return 0;
		}
	}
	vexj_hook_report("mnt_namespace", "the mount namespace of tasks",
			 "its number was not found in this kernel's structure");
	return 0;
}

/* Task: current, or one that cannot go away. */
void vexj_fill_task(struct vexj_attr_task *t, struct task_struct *task)
{
	const struct nsproxy *ns;
	const struct cred *cred;

	/* As the task acts now, not as it is: a filesystem may act for another. */
	cred = task == current ? current_cred() : __task_cred(task);
	ns = READ_ONCE(task->nsproxy);
	t->tid = task->pid;
	t->ppid = rcu_dereference(task->real_parent)->tgid;
	t->uid = __kuid_val(cred->fsuid);
	t->gid = __kgid_val(cred->fsgid);
	t->start_time = task->group_leader->start_boottime;
	t->cgroup_id = cgroup_id(task_dfl_cgroup(task));
	t->mnt_ns = ns && inum_at ? *(const u32 *)((const u8 *)ns->mnt_ns + inum_at) : 0;
	t->pid_ns = ns ? ns->pid_ns_for_children->ns.inum : 0;
	memcpy(t->comm, task->comm, sizeof(t->comm));
}
