// SPDX-License-Identifier: Apache-2.0

package device

// Holes is what the module cannot see on any kernel, a line each. What it cannot
// see on the running one besides, it says by its hooks.
var Holes = []string{
	"closes by exit and exec",
}

// rowsOf names what of the conformance table a hook that some kernels lack makes
// differ. All other hooks are on every kernel that the table is run on.
var rowsOf = map[string][]string{
	"io_uring_req_failed": {"io_uring: write that fails"},
}

// HoleRows names the rows and fields of the conformance table that the hooks which
// could not be placed make differ.
func (p *Producer) HoleRows() []string {
	var out []string
	for _, h := range p.hooks {
		if !h.Placed {
			out = append(out, rowsOf[h.Name]...)
		}
	}
	return out
}
