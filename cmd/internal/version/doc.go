// SPDX-License-Identifier: Apache-2.0

// Package version says which vexj this is: programs, module and packages have one
// number together.
package version
