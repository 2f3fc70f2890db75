// SPDX-License-Identifier: Apache-2.0

package manual

import (
	"bytes"
	"fmt"
	"os"
)

// Regions puts each text into the region of its name. The page must have all of
// them and no other, each once.
func Regions(page []byte, texts map[string]string) ([]byte, error) {
	for name, text := range texts {
		begin, end := fmt.Appendf(nil, ".\\\" begin %s: made by `make generate`\n", name), fmt.Appendf(nil, ".\\\" end %s\n", name)
		if bytes.Count(page, begin) != 1 || bytes.Count(page, end) != 1 {
			return nil, fmt.Errorf("the page has not one region %q: it is to begin with the line %s and to end with %s", name, begin, end)
		}
		before, rest, _ := bytes.Cut(page, begin)
		_, after, found := bytes.Cut(rest, end)
		if !found {
			return nil, fmt.Errorf("region %q ends before it begins", name)
		}
		page = bytes.Join([][]byte{before, begin, []byte(text), end, after}, nil)
	}
	if n := bytes.Count(page, []byte(`.\" begin `)); n != len(texts) {
		return nil, fmt.Errorf("the page has %d regions, %d are written", n, len(texts))
	}
	return page, nil
}

// Keep compares the regions of a page with the texts, and with update writes them.
func Keep(name string, update bool, texts map[string]string) error {
	have, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	want, err := Regions(have, texts)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if bytes.Equal(have, want) {
		return nil
	}
	if update {
		return os.WriteFile(name, want, 0o644)
	}
	line := 1
	for i := range min(len(have), len(want)) {
		if have[i] != want[i] {
			break
		}
		if have[i] == '\n' {
			line++
		}
	}
	return fmt.Errorf("%s:%d differs from its source: run make generate, and commit both", name, line)
}
