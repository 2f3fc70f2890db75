// SPDX-License-Identifier: Apache-2.0

// Package kmodtest tests the loaded kernel module from outside, by its device. It
// is built as a program (go test -c) and run in a machine that has loaded the
// module or can, see scripts/vm.sh.
package kmodtest
