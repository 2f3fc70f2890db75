// SPDX-License-Identifier: Apache-2.0

//go:build race

package hnsw

// smaller divides the sizes of sets, where the race detector makes everything slow.
const smaller = 3
