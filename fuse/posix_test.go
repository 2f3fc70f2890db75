// SPDX-License-Identifier: Apache-2.0

package fuse

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hanwen/go-fuse/v2/posixtest"
)

// notPOSIX asks that the locks of one process exclude each other, which no
// filesystem does; go-fuse leaves it out of its own tests.
const notPOSIX = "FcntlFlockLocksFile"

// What go-fuse asks of every filesystem holds in each data mode, with the
// permissions that the kernel checks. The mount is served by this process, whose
// threads that wait for it are not those that answer.
func TestPOSIX(t *testing.T) {
	for _, mode := range []DataMode{DataAll, DataClose, DataNone} {
		t.Run(mode.String(), func(t *testing.T) {
			_, m := mounted(t, Options{}, MountOptions{Data: []DataRule{{Mode: mode}}})
			for _, name := range slices.Sorted(maps.Keys(posixtest.All)) {
				if name == notPOSIX {
					continue
				}
				t.Run(name, func(t *testing.T) {
					dir := filepath.Join(m.Target, name)
					if err := os.Mkdir(dir, 0o755); err != nil {
						t.Fatal(err)
					}
					posixtest.All[name](t, dir)
				})
			}
		})
	}
}
