// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"slices"
	"strings"

	"vexj/query/where"
)

// hasTag reports whether the value of a TAGS attribute has one of the tags.
func hasTag(value []byte, wanted []string) bool {
	if !mayHaveTag(value, wanted) {
		return false
	}
	for _, tag := range where.Tags(value) {
		if slices.Contains(wanted, tag) {
			return true
		}
	}
	return false
}

// mayHaveTag spares most records the decoding.
func mayHaveTag(value []byte, wanted []string) bool {
	if bytes.IndexByte(value, '\\') >= 0 {
		return true // a tag may be written in another way
	}
	for _, tag := range wanted {
		name, _, _ := strings.Cut(tag, "=")
		if strings.ContainsAny(name, "\"\\") || bytes.Contains(value, []byte(name)) {
			return true
		}
	}
	return false
}
