// SPDX-License-Identifier: Apache-2.0

// Package control is what agents tell a recorder, by HTTP over its unix socket:
//
//	POST   /v1/emit             records of agents, graphs, vectors, semantics, observability
//	POST   /v1/intent           begins an intent; with "hold" it lives as long as the connection
//	GET    /v1/intent           lists them
//	DELETE /v1/intent/{id}      ends one; ?keep=true lets what is left of it act on for it
//	POST   /v1/context          attributes a process tree or a control group, without an intent
//	GET    /v1/context          lists what is attributed
//	DELETE /v1/context          ends an attribution: ?pid=ID or ?cgroup=PATH
//
// Who asks is known from the kernel. A peer may attribute its own user's processes and
// control groups, and root all; it emits for whom its process acts, and for nobody
// else. Event ids and masks are strings in JSON, such as "0x0300000012345678".
//
// An emission is JSON (an object, an array, or objects one behind the other) or, with
// the content type application/octet-stream, records as in vexj.h. All of it is
// checked before any of it is taken.
package control
