// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// A metric is a line of what the recorder exposes.
type metric struct {
	kind   string
	labels []string
}

// exposed reads what the recorder's own test says that it exposes.
func exposed(t *testing.T) map[string]metric {
	t.Helper()
	text, err := os.ReadFile("../../cmd/internal/metrics/testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]metric{
		// Of the process, from the client library.
		"process_cpu_seconds_total":     {kind: "counter"},
		"process_resident_memory_bytes": {kind: "gauge"},
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] == "#" {
			continue
		}
		m := metric{words[1], words[2:]}
		if m.kind != "histogram" {
			all[words[0]] = m
			continue
		}
		for _, part := range []string{"_bucket", "_count", "_sum"} {
			all[words[0]+part] = metric{"counter", append([]string{"le"}, m.labels...)}
		}
	}
	if len(all) < 30 {
		t.Fatalf("only %d metrics are exposed", len(all))
	}
	return all
}

type dashboard struct {
	Panels []struct {
		ID      int
		Type    string
		Title   string
		Grid    struct{ X, Y, W, H int } `json:"gridPos"`
		Targets []struct{ Expr, LegendFormat string }
		Field   struct{ Defaults struct{ Unit string } } `json:"fieldConfig"`
	}
	Templating struct {
		List []struct {
			Name  string
			Query json.RawMessage
		}
	}
}

// variables stand for what Grafana puts in.
var variables = strings.NewReplacer("$__rate_interval", "1m", "$__range", "1h", "$instance", ".*")

var (
	legend      = regexp.MustCompile(`\{\{(\w+)\}\}`)
	labelValues = regexp.MustCompile(`label_values\((\w+), (\w+)\)`)
)

func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("vexj.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	metrics := exposed(t)
	used := map[string]bool{}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s: two panels have the id %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.Grid.X; x < p.Grid.X+p.Grid.W; x++ {
			for y := p.Grid.Y; y < p.Grid.Y+p.Grid.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s is over %s, or over the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" && (len(p.Targets) == 0 || p.Title == "" || p.Field.Defaults.Unit == "") {
			t.Errorf("panel %d, %q, has no expression, title or unit", p.ID, p.Title)
		}
		for _, target := range p.Targets {
			check(t, p.Title, target.Expr, target.LegendFormat, metrics, used)
		}
	}
	for _, v := range d.Templating.List {
		if v.Name == "datasource" {
			continue
		}
		m := labelValues.FindStringSubmatch(string(v.Query))
		if m == nil || metrics[m[1]].kind == "" {
			t.Errorf("the variable %s is of %s", v.Name, v.Query)
		}
	}
	for name := range metrics {
		if strings.HasPrefix(name, "vexj_") && !strings.HasSuffix(name, "_sum") && !strings.HasSuffix(name, "_count") && !used[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// check looks at one expression and the legend of what it returns.
func check(t *testing.T, title, text, legendText string, metrics map[string]metric, used map[string]bool) {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(variables.Replace(text))
	if err != nil {
		t.Errorf("%s: %s: %v", title, text, err)
		return
	}
	known := []string{"instance", "job"}
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		v, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		m, ok := metrics[v.Name]
		if !ok {
			t.Errorf("%s: there is no metric %s", title, v.Name)
			return nil
		}
		used[v.Name] = true
		known = append(known, m.labels...)
		for _, match := range v.LabelMatchers {
			if match.Name != labels.MetricName && match.Name != "instance" && !slices.Contains(m.labels, match.Name) {
				t.Errorf("%s: %s has no label %s", title, v.Name, match.Name)
			}
		}
		if counted := rated(path); counted != (m.kind == "counter") {
			t.Errorf("%s: %s is a %s: rate and increase are for counters, and counters for them", title, v.Name, m.kind)
		}
		return nil
	})
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if a, ok := node.(*parser.AggregateExpr); ok {
			for _, l := range a.Grouping {
				if !slices.Contains(known, l) {
					t.Errorf("%s: nothing in %s has a label %s", title, text, l)
				}
			}
		}
		return nil
	})
	for _, l := range legend.FindAllStringSubmatch(legendText, -1) {
		if !slices.Contains(known, l[1]) {
			t.Errorf("%s: the legend names %s, which nothing in it has", title, l[1])
		}
	}
}

// rated: one of the expressions around it is rate or increase.
func rated(path []parser.Node) bool {
	return slices.ContainsFunc(path, func(n parser.Node) bool {
		call, ok := n.(*parser.Call)
		return ok && (call.Func.Name == "rate" || call.Func.Name == "increase")
	})
}
