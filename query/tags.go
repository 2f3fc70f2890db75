// SPDX-License-Identifier: Apache-2.0

package query

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// hasTag reports whether the value of a TAGS attribute has one of the tags.
func hasTag(value []byte, wanted []string) bool {
	if !mayHaveTag(value, wanted) {
		return false
	}
	for _, tag := range tagsOf(value) {
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

// tagsOf are the tags in the value of a TAGS attribute: see "Tags" in the package
// documentation.
func tagsOf(value []byte) (tags []string) {
	var v any
	if json.Unmarshal(value, &v) != nil {
		return nil
	}
	switch v := v.(type) {
	case string:
		tags = append(tags, v)
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				tags = append(tags, s)
			}
		}
	case map[string]any:
		for name, e := range v {
			if e == nil || e == false {
				continue
			}
			tags = append(tags, name)
			if s, ok := e.(string); ok {
				tags = append(tags, name+"="+s)
			}
		}
		slices.Sort(tags)
	}
	return tags
}
