// SPDX-License-Identifier: Apache-2.0

package where

import (
	"encoding/json"
	"slices"
)

// Tags are the tags in the value of a TAGS attribute: see "Tags" in the documentation
// of package query.
func Tags(value []byte) (tags []string) {
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
