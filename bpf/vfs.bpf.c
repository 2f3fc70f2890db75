// SPDX-License-Identifier: GPL-2.0-only
//go:build ignore

/*
 * The vfs set: the kernel's own file operations, hooked at their exit where
 * object and result are known, whoever asked for them. What never gets as far as
 * such a function, as its name leads nowhere, and operations that have none
 * worth a hook, are recorded at the exit of the call itself, by the syscall
 * set's code: it does what the hooks have not marked as done.
 */
#define VEXJ_VFS
#include "syscall.bpf.c"
#include "hook.h"
#include "claim.h"
#include "vfs_mounts.h"
#include "vfs_names.h"
#include "vfs_data.h"
#include "vfs_aio.h"
#include "vfs_open.h"
#include "vfs_attributes.h"
#include "vfs_paths.h"
#include "vfs_memory.h"
