// SPDX-License-Identifier: Apache-2.0

// Vexjd is `vexjctl record` as a daemon: one instance a machine, told to the
// service manager, stopped by SIGTERM without losing what happened before.
//
// It holds a lock on vexjd.pid in /run/vexj for as long as it lives, so that a
// second one is refused and a killed one is no obstacle. The man page is
// vexjd(8).
package main
