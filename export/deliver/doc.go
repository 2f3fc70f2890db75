// SPDX-License-Identifier: Apache-2.0

// Package deliver brings bodies to an HTTP endpoint: again and again while that says,
// by its answer or by none, that it may take them later, and with the waits that it
// asks for.
package deliver
