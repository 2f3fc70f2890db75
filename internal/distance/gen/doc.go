// SPDX-License-Identifier: Apache-2.0

// Command gen makes the kernels of package distance for amd64, by avo: one function
// for each operation, element and instruction set, which differ in a few
// instructions of a common frame.
package main
