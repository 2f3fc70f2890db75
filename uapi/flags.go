// SPDX-License-Identifier: Apache-2.0

package uapi

import (
	"fmt"
	"strings"
)

// Flags are the event_flags of a record.
type Flags uint32

const (
	FlagAtomic          Flags = 0x00000001
	FlagTransactional   Flags = 0x00000002
	FlagCausal          Flags = 0x00000004
	FlagAgentVisible    Flags = 0x00000008
	FlagDeterministic   Flags = 0x00000010
	FlagCompressed      Flags = 0x00000020
	FlagIndexed         Flags = 0x00000040
	FlagReplicated      Flags = 0x00000080
	FlagPathTruncated   Flags = 0x00010000
	FlagPathUnresolved  Flags = 0x00020000
	FlagOverlayLower    Flags = 0x00040000
	FlagFailed          Flags = 0x00080000
	FlagCoalesced       Flags = 0x00100000
	FlagObjectUnknown   Flags = 0x00200000
	FlagUnlinked        Flags = 0x00400000
	FlagPath2Truncated  Flags = 0x00800000
	FlagPath2Unresolved Flags = 0x01000000
)

// By bit, so that a set prints in the order of the header.
var flagNames = [32]string{
	0:  "atomic",
	1:  "transactional",
	2:  "causal",
	3:  "agent-visible",
	4:  "deterministic",
	5:  "compressed",
	6:  "indexed",
	7:  "replicated",
	16: "path-truncated",
	17: "path-unresolved",
	18: "overlay-lower",
	19: "failed",
	20: "coalesced",
	21: "object-unknown",
	22: "unlinked",
	23: "path2-truncated",
	24: "path2-unresolved",
}

// Has reports whether all of want is set.
func (f Flags) Has(want Flags) bool { return f&want == want }

// String returns the words of the set joined by '|', unknown bits as one
// hexadecimal number at the end, or "" for none.
func (f Flags) String() string {
	var sb strings.Builder
	for bit, name := range flagNames {
		if mask := Flags(1) << bit; name != "" && f&mask != 0 {
			if sb.Len() > 0 {
				sb.WriteByte('|')
			}
			sb.WriteString(name)
			f &^= mask
		}
	}
	if f != 0 {
		if sb.Len() > 0 {
			sb.WriteByte('|')
		}
		fmt.Fprintf(&sb, "0x%x", uint32(f))
	}
	return sb.String()
}

// ParseFlag returns the flag of one word that [Flags.String] prints.
func ParseFlag(s string) (Flags, bool) {
	if s == "" {
		return 0, false
	}
	for bit, name := range flagNames {
		if name == s {
			return 1 << bit, true
		}
	}
	return 0, false
}
