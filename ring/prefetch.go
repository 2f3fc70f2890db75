// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package ring

import "unsafe"

// prefetch asks for the four cache lines from p. Unlike a load it never faults,
// waits or counts as an access.
//
//go:noescape
func prefetch(p unsafe.Pointer)
