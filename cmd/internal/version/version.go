// SPDX-License-Identifier: Apache-2.0

package version

import "runtime/debug"

// Number is that of the module too: MODULE_VERSION in kmod/main.c.
const Number = "1.0.0"

// String returns the number, and the commit if the build knows it.
func String() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Number
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return Number + " (" + s.Value[:12] + ")"
		}
	}
	return Number
}
