// SPDX-License-Identifier: Apache-2.0

package uapi

import "strconv"

// Metric is a distance of vectors: what is nearer has the smaller one.
type Metric uint32

const (
	MetricL2        Metric = 0 // sum of (a - b)^2
	MetricCosine    Metric = 1 // 1 - a.b / |a||b|
	MetricDot       Metric = 2 // -a.b
	MetricManhattan Metric = 3 // sum of |a - b|
	MetricHamming   Metric = 4 // elements that differ
)

var metricNames = [...]string{"l2", "cosine", "dot", "manhattan", "hamming"}

// Known reports whether the metric is one of the constants above.
func (m Metric) Known() bool { return int64(m) < int64(len(metricNames)) }

// String returns the metric's word, or its number.
func (m Metric) String() string {
	if m.Known() {
		return metricNames[m]
	}
	return strconv.FormatUint(uint64(m), 10)
}

// ParseMetric is the inverse of [Metric.String] for known metrics.
func ParseMetric(s string) (Metric, bool) {
	for m, name := range metricNames {
		if name == s {
			return Metric(m), true
		}
	}
	return 0, false
}
