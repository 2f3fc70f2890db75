// SPDX-License-Identifier: Apache-2.0

// Package capture is what `vexjctl record`, `vexjctl run`, `vexjctl doctor` and
// vexjd have in common: it chooses a producer, wires it through the rings and
// the mirror to a journal, and says how it goes.
//
//	c, err := capture.Start(ctx, options) // armed: what happens from now on is recorded
//	err = c.Run(ctx)                      // until ctx ends; then drains, so that nothing is lost
//	err = c.Close()
package capture
