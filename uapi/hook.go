// SPDX-License-Identifier: Apache-2.0

package uapi

// A Hook is a place in the kernel where a producer was to look.
type Hook struct {
	Name      string `json:"name"` // of the tracepoint or function
	Operation string `json:"operation"`
	Placed    bool   `json:"placed"`
	Why       string `json:"why,omitempty"`    // it was not
	Missed    uint64 `json:"missed,omitempty"` // times that it could not run
}
