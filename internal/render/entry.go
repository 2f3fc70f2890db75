// SPDX-License-Identifier: Apache-2.0

package render

import "vexj/uapi"

// Entry is a record with what the journal adds to it.
type Entry struct {
	Ordinal uint64
	Wall    int64 // ns since 1970
	Rec     uapi.Record
}
