// SPDX-License-Identifier: Apache-2.0

// Package top shows what goes on in a journal now: sessions, hottest paths, writers,
// vector operations, rates and losses. A Board counts, in bounded memory, and forgets
// what is older than two windows of ten seconds; a Model shows it on a terminal.
package top
