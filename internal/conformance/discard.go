// SPDX-License-Identifier: Apache-2.0

package conformance

import "vexj/uapi"

// Discard is a Capture that records nothing. Under it a row whose operations
// work is skipped and one whose operations do not is broken: so the table
// itself is tried on a kernel or filesystem.
type Discard struct{}

func (Discard) Start(uint32, string) error   { return nil }
func (Discard) Stop() ([]uapi.Record, error) { return nil, nil }
func (Discard) Holes() []string              { return nil }
