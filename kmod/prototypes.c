// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions and structs that no header declares: what hooks take them for, which
 * is compared with the types of the running kernel. One without types, or whose
 * types leave a function out, has to be trusted.
 */
#include "btf.h"
#include "hooks.h"
#include "compat/prototypes.h"
#include "compat/uring.h"

#define MAX_PARAMS 4

static struct prototype {
	const char *function;
	const char *points[MAX_PARAMS];	/* to what each parameter; NULL: it is not asked */
	const char *differs;
} prototypes[] = {
	{ "vfs_readv", { "file", "iovec", NULL, "loff_t" } },
	{ "vfs_writev", { "file", "iovec", NULL, "loff_t" } },
	{ "do_splice", { "file", "loff_t", "file", "loff_t" } },
	{ "do_ftruncate", { "file" } },
	{ "chmod_common", { "path" } },
	{ "chown_common", { "path" } },
	{ "do_filp_open", { NULL, "filename", "open_flags" } },
	{ "do_file_open", { NULL, "filename", "open_flags" } },
	{ "do_file_open_root", { [VEXJ_OPEN_ROOT_FLAGS & 3] = "open_flags" } },
	{ "filp_flush", { "file" } },
	{ "fault_dirty_shared_page", { "vm_fault" } },
	{ "path_mount", { "char", "path" } },
	{ "path_umount", { "path" } },
	{ "filename_lookup", { NULL, "filename", NULL, "path" } },
	{ "aio_complete_rw", { "kiocb" } },
	{ "aio_read", { "kiocb", "iocb" } },
	{ "aio_write", { "kiocb", "iocb" } },
	{ "io_issue_sqe", { "io_kiocb" } },
	{ "io_complete_rw", { "kiocb" } },
	{ "io_read", { "io_kiocb" } },
	{ "io_write", { "io_kiocb" } },
	{ "io_fixed_fd_install", { "io_kiocb", NULL, "file" } },
	{ "do_unlinkat", { NULL, "filename" } },
	{ "do_rmdir", { NULL, "filename" } },
	{ "do_mkdirat", { NULL, "filename" } },
	{ "do_renameat2", { NULL, "filename", NULL, "filename" } },
	{ "do_linkat", { NULL, "filename", NULL, "filename" } },
	{ "do_symlinkat", { "filename", NULL, "filename" } },
	{ "filename_unlinkat", { NULL, "filename" } },
	{ "filename_rmdir", { NULL, "filename" } },
	{ "filename_mkdirat", { NULL, "filename" } },
	{ "filename_renameat2", { NULL, "filename", NULL, "filename" } },
	{ "filename_linkat", { NULL, "filename", NULL, "filename" } },
	{ "filename_symlinkat", { "filename", NULL, "filename" } },
};

/* Where members are taken to be, and which functions are of no use otherwise. */
static const struct member {
	const char *in, *name;
	u32 offset;		/* bytes */
	const char *functions[4];
} members[] = {
	{ "open_flags", "open_flag", 0, { "do_filp_open", "do_file_open", "do_file_open_root" } },
	{ "open_flags", "mode", sizeof(int), { "do_filp_open", "do_file_open", "do_file_open_root" } },
	{ "io_rw", "kiocb", offsetof(struct vexj_uring_rw, kiocb), { "io_read", "io_write" } },
	{ "io_rw", "addr", offsetof(struct vexj_uring_rw, addr), { "io_read", "io_write" } },
	{ "io_rw", "len", offsetof(struct vexj_uring_rw, len), { "io_read", "io_write" } },
};

static struct prototype *prototype_of(const char *function)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(prototypes); i++) {
		if (!strcmp(prototypes[i].function, function))
			return &prototypes[i];
	}
	return NULL;
}

const char *vexj_prototype_differs(const char *function)
{
	const struct prototype *p = prototype_of(function);

	return p ? p->differs : NULL;
}

static void compare_function(const struct vexj_btf *btf, struct prototype *p)
{
	const struct btf_type *f = vexj_btf_function(btf, p->function);
	int i;

	for (i = 0; f && i < MAX_PARAMS; i++) {
		if (p->points[i] && !vexj_btf_points(btf, f, i, p->points[i]))
			p->differs = "its prototype in this kernel is not one that is known";
	}
}

static void compare_member(const struct vexj_btf *btf, const struct member *m)
{
	const struct btf_type *s = vexj_btf_struct(btf, m->in);
	struct prototype *p;
	int i;

	if (!s || vexj_btf_member(btf, s, m->name) == m->offset)
		return;
	for (i = 0; i < ARRAY_SIZE(m->functions) && m->functions[i]; i++) {
		p = prototype_of(m->functions[i]);
		if (p)
			p->differs = "a struct that it is given is not laid out as it is known to be";
	}
}

void vexj_prototypes_init(void)
{
	struct vexj_btf btf;
	int i, err = vexj_btf_open(&btf);

	if (err) {
		pr_info("vexj: this kernel tells nothing of its types (%d): functions that its headers leave out are taken to be as usual\n", err);
	} else {
		for (i = 0; i < ARRAY_SIZE(prototypes); i++)
			compare_function(&btf, &prototypes[i]);
		for (i = 0; i < ARRAY_SIZE(members); i++)
			compare_member(&btf, &members[i]);
	}
	vexj_btf_close(&btf);
}
