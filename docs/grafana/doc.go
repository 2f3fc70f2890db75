// SPDX-License-Identifier: Apache-2.0

// Package grafana holds the dashboard vexj.json to what vexjd exposes: every expression
// parses, and every metric and label in it is one of those that the package
// cmd/internal/metrics says there are. What it parses with is no dependency of vexj: hence a
// module of its own.
package grafana
