// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"fmt"
	"os"

	"golang.org/x/term"
)

// Is says whether f is a terminal.
func Is(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Width is the number of columns of f, or 80.
func Width(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return 80
}

// Color decides about escape sequences in what is written to f. when is auto,
// always or never; auto heeds NO_COLOR (https://no-color.org) and TERM=dumb.
func Color(when string, f *os.File) (bool, error) {
	switch when {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && Is(f), nil
	}
	return false, fmt.Errorf("--color is auto, always or never, not %q", when)
}
