// SPDX-License-Identifier: Apache-2.0

// Package notify tells a service manager how a daemon is, by the protocol of
// sd_notify(3).
package notify
