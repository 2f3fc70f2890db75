// SPDX-License-Identifier: Apache-2.0

// Package metrics shows what a recorder has counted to Prometheus. Nothing is counted for
// it: each scrape reads what the mirror, the journal, the streams and the server of agents
// keep of themselves. The names are in vexjd(8), the dashboard in docs/grafana.
package metrics
