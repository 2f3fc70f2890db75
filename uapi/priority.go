// SPDX-License-Identifier: Apache-2.0

package uapi

import "strconv"

// Priority is an event_priority.
type Priority uint32

const (
	PriorityCritical   Priority = 1
	PriorityHigh       Priority = 2
	PriorityNormal     Priority = 3
	PriorityLow        Priority = 4
	PriorityBackground Priority = 5
)

var priorityNames = [...]string{
	PriorityCritical:   "critical",
	PriorityHigh:       "high",
	PriorityNormal:     "normal",
	PriorityLow:        "low",
	PriorityBackground: "background",
}

// String returns the priority's word, or its number.
func (p Priority) String() string {
	if int64(p) < int64(len(priorityNames)) && priorityNames[p] != "" {
		return priorityNames[p]
	}
	return strconv.FormatUint(uint64(p), 10)
}
