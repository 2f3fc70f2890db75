// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"net/http"

	"vexj/agent/server"
)

// serveRecorder is GET /v1/recorder: this one as `vexjctl kernel status` shows it. Who
// does not see all records is not told how many there are.
func (c *Capture) serveRecorder(w http.ResponseWriter, _ *http.Request, p *server.Peer) error {
	s := c.Snapshot()
	if p.Mask == ^uint64(0) {
		return server.WriteJSON(w, s)
	}
	return server.WriteJSON(w, struct {
		Program   string            `json:"program"`
		Producer  string            `json:"producer"`
		Lost      uint64            `json:"lost"`
		LostBy    map[string]uint64 `json:"lost_by_cause"`
		Uncovered []string          `json:"uncovered"`
	}{s.Program, s.Producer, s.Kernel.Lost, s.Kernel.LostBy, s.Uncovered})
}
