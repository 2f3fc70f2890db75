// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"strings"

	"vexj/uapi"
)

// resembles says whether r can stand beside w in a comparison.
func (w Want) resembles(r uapi.Record) bool {
	return w.Type == r.Type() && w.pathMatches(r)
}

// align pairs want and got in order, so that as many as possible stand beside
// one that resembles them.
func align(want []Want, got []uapi.Record) []pairing {
	// best[i][j]: how many of want[i:] and got[j:] can be paired.
	best := make([][]int, len(want)+1)
	for i := range best {
		best[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			if want[i].resembles(got[j]) {
				best[i][j] = best[i+1][j+1] + 1
			} else {
				best[i][j] = max(best[i+1][j], best[i][j+1])
			}
		}
	}
	var out []pairing
	i, j := 0, 0
	for i < len(want) && j < len(got) {
		switch {
		case want[i].resembles(got[j]):
			out = append(out, pairing{i, j})
			i, j = i+1, j+1
		case best[i+1][j] >= best[i][j+1]:
			out = append(out, pairing{i, -1})
			i++
		default:
			out = append(out, pairing{-1, j})
			j++
		}
	}
	for ; i < len(want); i++ {
		out = append(out, pairing{i, -1})
	}
	for ; j < len(got); j++ {
		out = append(out, pairing{-1, j})
	}
	return out
}

// match pairs want and got by type, path and process, whatever their order.
func match(want []Want, got []uapi.Record) []pairing {
	waiting := map[string][]int{}
	for j, r := range got {
		key := fmt.Sprint(r.Type(), " ", r.PID(), " ", string(r.Path()))
		waiting[key] = append(waiting[key], j)
	}
	var out []pairing
	taken := make([]bool, len(got))
	for i, w := range want {
		pid, _ := w.demands("pid")
		key := fmt.Sprint(w.Type, " ", pid, " ", w.Path)
		p := pairing{i, -1}
		if js := waiting[key]; len(js) > 0 {
			p.got, waiting[key] = js[0], js[1:]
			taken[p.got] = true
		}
		out = append(out, p)
	}
	for j := range got {
		if !taken[j] {
			out = append(out, pairing{-1, j})
		}
	}
	return out
}

func (w Want) title() string {
	s := fmt.Sprintf("%s %s", w.Type, shorten(w.Path))
	if w.Path2 != "" {
		s += " -> " + shorten(w.Path2)
	}
	if via, _ := w.demands("via"); via != uapi.ViaCall.String() {
		s += " via " + via
	}
	if result, _ := w.demands("result"); strings.HasPrefix(result, "-") {
		s += " = " + result
	}
	return s
}

func title(r uapi.Record) string {
	s := fmt.Sprintf("%s %s", r.Type(), shorten(string(r.Path())))
	if len(r.Path2()) > 0 {
		s += " -> " + shorten(string(r.Path2()))
	}
	s += fmt.Sprintf(" via %s kind %d pid %d", r.Subtype().Via(), r.Subtype().Kind(), r.PID())
	if a, ok := r.IO(); ok {
		s += fmt.Sprintf(" offset %d length %d = %d", a.Offset, a.Length, a.Result)
	}
	if f := r.Flags() & watchedFlags; f != 0 {
		s += fmt.Sprintf(" [%s]", f)
	}
	return s
}

// shorten keeps diffs of deep paths readable.
func shorten(path string) string {
	const most = 160
	if len(path) > most {
		return fmt.Sprintf("%q...%q (%d bytes)", path[:most/2], path[len(path)-most/2:], len(path))
	}
	return fmt.Sprintf("%q", path)
}
