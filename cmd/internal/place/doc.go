// SPDX-License-Identifier: Apache-2.0

// Package place knows where vexj keeps its journal and its run-time files when
// the caller does not say.
package place
