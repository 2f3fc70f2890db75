// SPDX-License-Identifier: GPL-2.0-only
/* Files in memory: pages that are dirtied, mappings that become writable. */
#include <linux/mm.h>
#include "hooks.h"
#include "compat/prototypes.h"

/* Nobody's call asks for it by name, so it is not claimed. */
static void mapped(struct vexj_hit *h, const struct file *f, u32 kind, s64 offset, u64 length)
{
	struct vexj_build *b;

	if (!f || !vexj_selected(vexj_user_inode(f)) || !vexj_wanted(VEXJ_FS_MMAP_WRITE))
		return;
	if (h->result < 0 && !vexj_failed_wanted()) {
		vexj_count_filtered();
		return;
	}
	b = vexj_begin(VEXJ_FS_MMAP_WRITE, VEXJ_VIA_MMAP);
	if (!b)
		return;
	b->subtype = VEXJ_SUBTYPE(VEXJ_VIA_MMAP, kind);
	b->offset = offset;
	b->length = length;
	b->result = h->result;
	vexj_put_mapped_file(b, f);
	vexj_commit(b);
}

/* A page of a shared mapping becomes dirty: at its first write after it was clean. */
static bool dirties(struct vexj_hit *h)
{
	const struct vm_fault *fault = (void *)h->arg[0];

	mapped(h, fault->vma->vm_file, VEXJ_MMAP_DIRTIED, (s64)fault->pgoff << PAGE_SHIFT, PAGE_SIZE);
	return false;
}

/* The function may give the mapping up for another: what is needed is noted. */
static bool protects(struct vexj_hit *h)
{
	const struct vm_area_struct *vma = (void *)h->arg[0];

	if (!(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_WRITE || !(h->arg[3] & VM_WRITE) || !vma->vm_file)
		return false;
	h->in->note[0] = (unsigned long)vma->vm_file;
	h->in->note[1] = (vma->vm_pgoff << PAGE_SHIFT) + (h->arg[1] - vma->vm_start);
	return true;
}

/* The file is there as long as the memory's lock is held, which the caller does. */
static void protected(struct vexj_hit *h)
{
	mapped(h, (struct file *)h->in->note[0], VEXJ_MMAP_MAPPED, h->in->note[1], h->arg[2] - h->arg[1]);
}

struct vexj_probe vexj_memory_probes[] = {
	{
		.function = "fault_dirty_shared_page", .operation = "write through a mapping", .enter = dirties,
		.at = { 0, VEXJ_ABSENT },
	},
	{
		.function = "mprotect_fixup", .operation = "mprotect", .returns = VEXJ_RETURNS_INT,
		.at = { VEXJ_MPROTECT_VMA, VEXJ_MPROTECT_VMA + 2, VEXJ_MPROTECT_VMA + 3, VEXJ_MPROTECT_VMA + 4, VEXJ_ABSENT },
		.unfit = VEXJ_FITS(VEXJ_MPROTECT_VMA), .enter = protects, .leave = protected,
	},
	{}
};
