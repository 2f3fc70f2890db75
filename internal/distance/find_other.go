// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 && !arm64

package distance

// Ask asks the memory for two cache lines that are read soon: here it does not.
func Ask(a, b *byte) {}
