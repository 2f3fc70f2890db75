/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VEXJ_COMPAT_VMA_H
#define VEXJ_COMPAT_VMA_H

#include <linux/mm.h>

/* Both are for a mapping that is being made. */
static inline void vexj_vma_forbid(struct vm_area_struct *vma, unsigned long flags)
{
#ifdef VEXJ_HAVE_VM_FLAGS_CLEAR
	vm_flags_clear(vma, flags);
#else
	vma->vm_flags &= ~flags;
#endif
}

static inline void vexj_vma_demand(struct vm_area_struct *vma, unsigned long flags)
{
#ifdef VEXJ_HAVE_VM_FLAGS_CLEAR
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

#endif
