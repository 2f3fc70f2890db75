// SPDX-License-Identifier: Apache-2.0

package boundary

import (
	"strings"
	"testing"
)

// A script is what happens: m an act is matched, k and u one is the kernel's or the
// user's alone, L records are lost.
func TestDrift(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		state  State
		drift  uint64
		worst  uint64
	}{
		"nothing":               {"", Synchronised, 0, 0},
		"matched":               {strings.Repeat("m", 50), Synchronised, 0, 0},
		"one":                   {"mk", Minor, 1, 1},
		"one each":              {"mku", Synchronised, 0, 1},
		"99":                    {strings.Repeat("k", 99), Minor, 99, 99},
		"100":                   {strings.Repeat("k", 100), Major, 100, 100},
		"100 of the other":      {strings.Repeat("u", 100), Major, 100, 100},
		"back below":            {strings.Repeat("u", 150) + strings.Repeat("k", 60), Minor, 90, 150},
		"lost":                  {"mmL", Lost, 0, 0},
		"lost stays":            {"Lkku", Lost, 1, 0},
		"recovering":            {"kkLm", Recovering, 0, 2},
		"recovering, not yet":   {"L" + strings.Repeat("m", 15), Recovering, 0, 0},
		"recovered":             {"kkkL" + strings.Repeat("m", 16), Synchronised, 0, 3},
		"alone while it does":   {"Lmmmk" + strings.Repeat("m", 15), Recovering, 0, 0},
		"and then recovered":    {"Lmmmk" + strings.Repeat("m", 16), Synchronised, 0, 0},
		"lost again":            {"LmmmL", Lost, 0, 0},
		"minor after recovered": {"kkL" + strings.Repeat("m", 16) + "u", Minor, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var x Tracker
			for _, what := range c.script {
				switch what {
				case 'm':
					x.Matched()
				case 'k':
					x.Alone(Kernel)
				case 'u':
					x.Alone(User)
				case 'L':
					x.Lose(Kernel)
				}
			}
			if x.State() != c.state || x.Drift() != c.drift || x.Worst != c.worst {
				t.Errorf("%v with drift %d, worst %d; want %v with %d, %d", x.State(), x.Drift(), x.Worst, c.state, c.drift, c.worst)
			}
		})
	}
}
