// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"net"
	"os"

	"vexj/agent/server"
)

// Connect returns a connection to the server of agents whose requests are those of the
// recorder's own user. Options.Agents.Ours must be set.
func (c *Capture) Connect() (net.Conn, error) {
	who := server.Caller{PID: os.Getpid(), UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
	groups, err := os.Getgroups()
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		who.Groups = append(who.Groups, uint32(g))
	}
	return c.agents.server.Connect(who)
}
