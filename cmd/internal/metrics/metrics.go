// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"vexj/cmd/internal/capture"
)

// Handler answers scrapes with what measure returns, and with what there is of the
// process.
func Handler(measure func() capture.Measures) (http.Handler, error) {
	r := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		&collector{measure: measure},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{}), nil
}

// version is that of the module as the go command knows it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// A collector turns the measures of a scrape into samples.
type collector struct {
	measure func() capture.Measures
}

var _ prometheus.Collector = (*collector)(nil)

// Describe is a Collector's.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range all {
		to <- d
	}
}

// Collect is a Collector's.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	m := c.measure()
	s := samples{to}
	s.gauge(buildInfo, 1, version(), runtime.Version(), runtime.GOARCH)
	s.producers(&m)
	s.rings(&m)
	s.journal(&m)
	if m.Streams != nil {
		s.streams(m.Streams)
	}
	if m.Agents != nil {
		s.agents(m.Agents)
	}
	s.losses(&m)
}
