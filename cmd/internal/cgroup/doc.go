// SPDX-License-Identifier: Apache-2.0

// Package cgroup finds and makes control groups of the unified (v2) hierarchy,
// wherever that is mounted.
package cgroup
