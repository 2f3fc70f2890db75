/* SPDX-License-Identifier: GPL-2.0-only */
/* What other kernel code may call. selftest/ is an example. */
#ifndef VEXJ_EMIT_H
#define VEXJ_EMIT_H

#include <linux/types.h>

/*
 * vexj_emit - put a record into the order of all others
 * @record: a record of version 2, as uapi/vexj.h has it; read once
 * @size: its bytes
 *
 * The caller leaves 0 what the module stamps: event_id, ktime, sequence, cpu_id,
 * process_id, global_sequence; and has no TASK attribute: that of the current
 * task is added, or in an interrupt none, with process_id 0. Any type may be
 * emitted but those that the recorder makes of itself (from VEXJ_SYS_LOST up).
 *
 * Context: any, NMI included. Takes no lock, allocates nothing, and does not sleep.
 * It costs two copies of the record.
 *
 * Return: 0; -EINVAL or -EPERM for a record that is not as said; -EMSGSIZE for one
 * that is longer than VEXJ_RECORD_MAX once stamped, or than the ring; -ENOTCONN,
 * nobody records; -ENOBUFS, the ring is full, and the record is counted as
 * lost. That the filter does not want the type is no error.
 */
int vexj_emit(const void *record, size_t size);

#endif
