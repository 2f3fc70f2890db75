// SPDX-License-Identifier: Apache-2.0

//go:build !amd64

package conformance

// legacyRows is empty where each call has its descriptor.
func legacyRows() []Scenario { return nil }
