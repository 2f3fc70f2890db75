// SPDX-License-Identifier: Apache-2.0

package userjournal

import "fmt"

// An IndexReport is what Reindex did.
type IndexReport struct {
	Segments int // sealed
	Made     int // indexes
	// Unusable are the names of those that were there and could not be used;
	// they were made anew.
	Unusable []string
}

// Reindex makes the indexes that are missing, stale or damaged, and all of them
// if it is told to. A writer may be at work, and makes those of its own
// segments. What cannot be read of a segment is left to Verify.
func Reindex(dir string, all bool) (IndexReport, error) { return ReindexFS(OSFS, dir, all) }

// ReindexFS is Reindex with another filesystem.
func ReindexFS(fsys FS, dir string, all bool) (report IndexReport, err error) {
	r, err := OpenFS(fsys, dir)
	if err != nil {
		return report, err
	}
	defer r.Close()
	for _, x := range r.segments {
		if err := r.load(x, false); err != nil && !gone(err) {
			return report, err
		} else if err != nil || !x.sealed() || x.footer.records == 0 {
			continue
		}
		report.Segments++
		if !all {
			err := r.checkIndex(x)
			if err == nil {
				continue
			}
			if !noIndex(err) {
				return report, err
			}
			if !notExist(err) {
				report.Unusable = append(report.Unusable, indexName(x.name))
			}
		}
		if err := rebuildIndex(fsys, x.dir, x.name); err != nil {
			return report, fmt.Errorf("index %s: %w", x.name, err)
		}
		report.Made++
	}
	return report, nil
}

// checkIndex reads all of the index of a sealed segment.
func (r *Reader) checkIndex(x *index) error {
	k, err := r.openIndex(x)
	if err != nil {
		return err
	}
	defer k.close()
	keys := 0
	for i := range k.pages {
		n, err := k.checkPage(&k.pages[i])
		if err != nil {
			return fmt.Errorf("%s: %w", indexName(x.name), err)
		}
		keys += n
	}
	if keys != k.keys {
		return damaged("%s: %d keys, its pages have %d", indexName(x.name), k.keys, keys)
	}
	return nil
}
