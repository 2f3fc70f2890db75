// SPDX-License-Identifier: Apache-2.0

//go:build !race

package hnsw

const smaller = 1
