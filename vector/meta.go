// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"encoding/json"
	"fmt"
	"strings"

	"vexj/uapi"
)

// Meta is what a vector is of: all of it is optional.
type Meta struct {
	Dev   uint64 // of the file: major<<32 | minor, as records have them
	Inode uint64
	Path  string
	Tags  string // JSON
}

func (m *Meta) check() error {
	switch {
	case len(m.Path) > uapi.MaxPath:
		return fmt.Errorf("%w: a path of %d bytes: at most %d", ErrMeta, len(m.Path), uapi.MaxPath)
	case strings.IndexByte(m.Path, 0) >= 0:
		return fmt.Errorf("%w: the path has a NUL", ErrMeta)
	case len(m.Tags) > MaxTags:
		return fmt.Errorf("%w: tags of %d bytes: at most %d", ErrMeta, len(m.Tags), MaxTags)
	case m.Tags != "" && !json.Valid([]byte(m.Tags)):
		return fmt.Errorf("%w: tags are not JSON: give an array or an object", ErrMeta)
	}
	return nil
}
