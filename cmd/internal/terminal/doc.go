// SPDX-License-Identifier: Apache-2.0

// Package terminal knows how to speak to a person: colour and a pager, both
// only where one reads.
package terminal
