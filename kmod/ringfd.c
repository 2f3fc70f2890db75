// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring's pages, the descriptor by which they are mapped, and the waking of who
 * sleeps on it.
 *
 * The first page alone can ever be written by userspace: what else is mapped loses
 * VM_MAYWRITE, so that neither mprotect nor ptrace brings it back, and is not
 * inherited by a fork. A mapping holds the descriptor's file, the file the ring and
 * the module.
 *
 * A record is committed where nobody may be woken: with interrupts off, in an
 * NMI, under locks of the scheduler. An irq_work takes it from there. It and the
 * timer of the deadline run on the ring's CPU, so they never run while a
 * reservation is under way in a task there.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "compat/vma.h"
#include "core.h"
#include "ringfd.h"

#define CONTROL_PAGES 2

void vexj_ring_kick(struct vexj_ring *ring)
{
	irq_work_queue(&container_of(ring, struct vexj_ringfd, ring)->kick);
}

static void on_kick(struct irq_work *work)
{
	struct vexj_ringfd *r = container_of(work, struct vexj_ringfd, kick);

	if (xchg(&r->ring.wake, 0))
		wake_up_interruptible_all(&r->sleepers);
	/* To no effect if it is on its way. */
	if (r->deadline != MAX_SCHEDULE_TIMEOUT)
		schedule_delayed_work_on(r->cpu, &r->timer, r->deadline);
}

static void on_deadline(struct work_struct *work)
{
	struct vexj_ringfd *r = container_of(to_delayed_work(work), struct vexj_ringfd, timer);

	vexj_ring_rearm(&r->ring);
	if (vexj_ring_waiting(&r->ring))
		wake_up_interruptible_all(&r->sleepers);
}

static void free_pages_of(struct vexj_ringfd *r)
{
	unsigned long i;

	if (r->area)
		vunmap(r->area);
	for (i = 0; r->pages && i < r->pages_len; i++)
		if (r->pages[i])
			__free_page(r->pages[i]);
	kvfree(r->pages);
}

/* The kernel's own mapping has the data twice too: no sample needs two copies. */
static int map_pages(struct vexj_ringfd *r, unsigned long bytes)
{
	unsigned long data = bytes >> PAGE_SHIFT, i;
	struct page **twice;

	r->pages_len = CONTROL_PAGES + data;
	r->pages = kvcalloc(CONTROL_PAGES + 2 * data, sizeof(*r->pages), GFP_KERNEL);
	if (!r->pages)
		return -ENOMEM;
	for (i = 0; i < r->pages_len; i++) {
		r->pages[i] = alloc_pages_node(cpu_to_node(r->cpu),
					       GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL, 0);
		if (!r->pages[i])
			return -ENOMEM;
	}
	twice = r->pages + r->pages_len;
	memcpy(twice, r->pages + CONTROL_PAGES, data * sizeof(*twice));
	r->area = vmap(r->pages, CONTROL_PAGES + 2 * data, VM_MAP | VM_USERMAP, PAGE_KERNEL);
	return r->area ? 0 : -ENOMEM;
}

struct vexj_ringfd *vexj_ringfd_new(int cpu, unsigned long bytes, u32 watermark, u32 deadline_ms)
{
	struct vexj_ringfd *r = kzalloc_node(sizeof(*r), GFP_KERNEL, cpu_to_node(cpu));

	if (!r)
		return ERR_PTR(-ENOMEM);
	kref_init(&r->refs);
	r->cpu = cpu;
	r->deadline = deadline_ms == ~0u ? MAX_SCHEDULE_TIMEOUT : msecs_to_jiffies(deadline_ms);
	init_waitqueue_head(&r->sleepers);
	init_irq_work(&r->kick, on_kick);
	INIT_DELAYED_WORK(&r->timer, on_deadline);
	if (map_pages(r, bytes)) {
		free_pages_of(r);
		kfree(r);
		return ERR_PTR(-ENOMEM);
	}
	r->ring.consumer = r->area;
	r->ring.producer = r->area + PAGE_SIZE;
	r->ring.data = r->area + CONTROL_PAGES * PAGE_SIZE;
	vexj_ring_init(&r->ring, bytes, watermark);
	return r;
}

static void release_ring(struct kref *refs)
{
	struct vexj_ringfd *r = container_of(refs, struct vexj_ringfd, refs);

	free_pages_of(r);
	kfree(r);
}

void vexj_ringfd_put(struct vexj_ringfd *r)
{
	kref_put(&r->refs, release_ring);
}

void vexj_ringfd_stop(struct vexj_ringfd *r)
{
	/* The irq_work starts the timer, so it goes first. */
	irq_work_sync(&r->kick);
	cancel_delayed_work_sync(&r->timer);
	wake_up_interruptible_all(&r->sleepers);
}

static int ringfd_release(struct inode *inode, struct file *file)
{
	vexj_ringfd_put(file->private_data);
	return 0;
}

static __poll_t ringfd_poll(struct file *file, poll_table *table)
{
	struct vexj_ringfd *r = file->private_data;

	poll_wait(file, &r->sleepers, table);
	return vexj_ring_waiting(&r->ring) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int ringfd_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vexj_ringfd *r = file->private_data;
	unsigned long flags = vma->vm_flags;

	/* A private mapping could be written to by force, to no effect. */
	if (!(flags & VM_SHARED))
		return -EINVAL;
	if (flags & VM_EXEC)
		return -EPERM;
	if (flags & VM_WRITE) {
		if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE)
			return -EPERM;
	} else {
		vexj_vma_forbid(vma, VM_MAYWRITE);
	}
	vexj_vma_forbid(vma, VM_MAYEXEC);
	vexj_vma_demand(vma, VM_DONTCOPY);
	return remap_vmalloc_range(vma, r->area, vma->vm_pgoff);
}

static const struct file_operations ringfd_operations = {
	.owner = THIS_MODULE,
	.release = ringfd_release,
	.poll = ringfd_poll,
	.mmap = ringfd_mmap,
	.llseek = noop_llseek,
};

int vexj_ringfd_open(struct vexj_ringfd *r)
{
	int fd;

	kref_get(&r->refs);
	fd = anon_inode_getfd("[vexj-ring]", &ringfd_operations, r, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		vexj_ringfd_put(r);
	return fd;
}
