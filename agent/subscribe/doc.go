// SPDX-License-Identifier: Apache-2.0

// Package subscribe is a subscriber to the records of a recorder that outlives
// the recorder:
//
//	err := subscribe.Run(ctx, subscribe.Options{Socket: path, Filter: url.Values{"type": {"write"}}},
//		func(e *subscribe.Event) error {
//			if e.Record != nil { ... }
//			return nil
//		})
//
// It keeps the cursor of what it was given last, and when the connection is lost, as
// when the recorder begins again, it subscribes again behind that: no record
// comes twice or is left out. What is missing nevertheless comes as a gap.
package subscribe
