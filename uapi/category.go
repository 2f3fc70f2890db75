// SPDX-License-Identifier: Apache-2.0

package uapi

import "fmt"

// Category is the family of a [Type].
type Category uint32

const (
	CategoryFilesystem    Category = 0x0100
	CategoryGraph         Category = 0x0200
	CategoryVector        Category = 0x0300
	CategoryAgent         Category = 0x0400
	CategorySystem        Category = 0x0500
	CategorySemantic      Category = 0x0600
	CategoryProcess       Category = 0x0700
	CategoryObservability Category = 0x0800
)

var categoryNames = [...]string{
	CategoryFilesystem >> 8:    "filesystem",
	CategoryGraph >> 8:         "graph",
	CategoryVector >> 8:        "vector",
	CategoryAgent >> 8:         "agent",
	CategorySystem >> 8:        "system",
	CategorySemantic >> 8:      "semantic",
	CategoryProcess >> 8:       "process",
	CategoryObservability >> 8: "observability",
}

// String returns the category's word, or its number in hexadecimal.
func (c Category) String() string {
	if i := int64(c >> 8); c&0xff == 0 && i < int64(len(categoryNames)) && categoryNames[i] != "" {
		return categoryNames[i]
	}
	return fmt.Sprintf("0x%04x", uint32(c))
}

// ParseCategory is the inverse of [Category.String] for known categories.
func ParseCategory(s string) (Category, bool) {
	if s == "" {
		return 0, false
	}
	for i, name := range categoryNames {
		if name == s {
			return Category(i) << 8, true
		}
	}
	return 0, false
}

// Categories returns every known category in ascending order.
func Categories() []Category {
	var cs []Category
	for i, name := range categoryNames {
		if name != "" {
			cs = append(cs, Category(i)<<8)
		}
	}
	return cs
}
