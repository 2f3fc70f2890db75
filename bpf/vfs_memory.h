/* SPDX-License-Identifier: GPL-2.0-only */
/* Files in memory: pages that are dirtied, mappings that become writable. */
#ifndef VEXJ_BPF_VFS_MEMORY_H
#define VEXJ_BPF_VFS_MEMORY_H

#define VM_WRITE 0x00000002
#define VM_SHARED 0x00000008
#define PAGE_BYTES 4096

/* Like put_open_file(), of a file as the user has it. */
static __noinline u32 put_mapped_file(struct scratch *s, u64 file)
{
	struct path_args p = {};
	struct inode *inode;

	user_path(&p, file);
	inode = at(struct inode, user_inode(&p, file));
	if (!recordable(inode) || !inode_selected(inode))
		return 0;
	p.off = put_file(s, BODY, VEXJ_ATTR_FILE, inode);
	if (!get(inode, i_nlink))
		s->flags |= VEXJ_F_UNLINKED;
	return put_path(s, &p);
}

static __noinline int mapped(struct hook *h, u64 file, u32 kind, s64 offset, u64 length)
{
	struct event *e;
	u32 off;

	if (!file || !wanted(VEXJ_FS_MMAP_WRITE))
		return 0;
	if (h->result < 0 && !(cfg.filters & FILTER_FAILED))
		return 0;
	h->o.s = take_scratch();
	if (!h->o.s) {
		lose(VEXJ_LOST_NESTED);
		return 0;
	}
	begin(h->o.s);
	e = &h->o.s->ev;
	e->type = VEXJ_FS_MMAP_WRITE;
	e->subtype = VEXJ_SUBTYPE(VEXJ_VIA_MMAP, kind);
	e->offset = offset;
	e->length = length;
	e->result = h->result;
	e->duration = 0;
	e->parent = 0;
	e->now = bpf_ktime_get_boot_ns();
	off = put_mapped_file(h->o.s, plain(&h->f->word, file));
	if (off)
		send(&h->o, off);
	return 0;
}

/* A page of a shared mapping becomes dirty: at its first write after it was clean. */
DECLARE(fault_dirty_shared_page);
NOTE(fault_dirty_shared_page)
{
	struct vm_fault *fault = at(struct vm_fault, param(h, 0));

	return mapped(h, (u64)get(fault, vma, vm_file), VEXJ_MMAP_DIRTIED,
		      get(fault, pgoff) * PAGE_BYTES, PAGE_BYTES);
}

DECLARE(mprotect_fixup);
ENTER(mprotect_fixup)
{
	struct vm_area_struct *vma = at(struct vm_area_struct, param(h, 0));
	u64 flags = get(vma, vm_flags), flags_now = param(h, 3);

	h->in->note[0] = 0;
	if (!(flags & VM_SHARED) || flags & VM_WRITE || !(flags_now & VM_WRITE))
		return 0;
	h->in->note[0] = (u64)get(vma, vm_file);
	h->in->note[1] = get(vma, vm_pgoff) * PAGE_BYTES + (param(h, 1) - get(vma, vm_start));
	return 0;
}
EXIT(mprotect_fixup)
{
	return mapped(h, h->in->note[0], VEXJ_MMAP_MAPPED, h->in->note[1],
		      param(h, 2) - param(h, 1));
}

#endif
