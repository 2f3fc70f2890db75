// SPDX-License-Identifier: GPL-2.0-only
/* Flags of a mapping are changed through functions. */
#include <linux/mm.h>

void test(struct vm_area_struct *vma)
{
	vm_flags_clear(vma, VM_MAYWRITE);
}
