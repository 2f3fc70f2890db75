// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	"vexj/uapi"
)

// Counters are cumulative since the recorder began.
type Counters struct {
	Attempted uint64            `json:"attempted"`
	Recorded  uint64            `json:"recorded"`
	Filtered  uint64            `json:"filtered"`
	Lost      uint64            `json:"lost"`
	LostBy    map[string]uint64 `json:"lost_by_cause"`
}

// CPU is what happened on one of them.
type CPU struct {
	CPU int `json:"cpu"`
	Counters
}

// Ring is the shared memory between the kernel and the recorder.
type Ring struct {
	Size    int `json:"size"`
	Pending int `json:"pending"`
}

// Journal is what the recorder has written.
type Journal struct {
	Dir         string `json:"dir"`
	Records     uint64 `json:"records"`
	Bytes       uint64 `json:"bytes"`
	StoredBytes uint64 `json:"stored_bytes"`
	Durability  string `json:"durability"`
}

// Snapshot is one recorder at one moment.
type Snapshot struct {
	PID       int         `json:"pid"`
	Program   string      `json:"program"`
	Started   time.Time   `json:"started"`
	Producer  string      `json:"producer"`
	Journal   Journal     `json:"journal"`
	Kernel    Counters    `json:"kernel"`
	CPUs      []CPU       `json:"cpus"`
	Rings     []Ring      `json:"rings"`
	Filter    uapi.Filter `json:"filter"`
	Hooks     []uapi.Hook `json:"hooks"`
	Uncovered []string    `json:"uncovered"`
}
