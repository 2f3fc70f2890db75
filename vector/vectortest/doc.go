// SPDX-License-Identifier: Apache-2.0

// Package vectortest has what tests of the store and of what is built on it need:
// a filesystem whose past can be cut off anywhere, though its files are real ones
// that can be mapped.
package vectortest
