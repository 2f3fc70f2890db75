// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
)

// A place is where a segment is: in the directory of the journal, or in one that
// older segments were archived to.
type place struct{ dir, name string }

func (p place) path() string { return filepath.Join(p.dir, p.name) }

const (
	archiveName = "ARCHIVE"
	archiveHead = "usjl archive 1\n"

	maxArchiveFile = 64 << 10
)

// readArchives returns the directories that segments were archived to.
func readArchives(fsys FS, dir string) (dirs []string, err error) {
	b, err := readSmall(fsys, filepath.Join(dir, archiveName), maxArchiveFile)
	if notExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines, err := openText(b, archiveHead)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; archive again to make it anew", filepath.Join(dir, archiveName), err)
	}
	for word, value := range lines {
		if word != "directory" {
			continue
		}
		to, err := strconv.Unquote(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, archiveName), damaged("directory %s: %w", value, err))
		}
		dirs = append(dirs, to)
	}
	return dirs, nil
}

// writeArchives is the inverse of readArchives.
func writeArchives(fsys FS, dir string, dirs []string) error {
	b := []byte(archiveHead)
	for _, to := range dirs {
		b = fmt.Appendf(b, "directory %q\n", to)
	}
	return replaceFile(fsys, filepath.Join(dir, archiveName), sealText(b))
}

// ErrArchive: the directory of an archive is not there, as if its disk is not
// mounted, so that the records in it cannot be read.
var ErrArchive = errors.New("archive is not there")

// places returns the segments of the journal and its archives, oldest first. Of
// one that is in both, while it is being moved, it is that of the journal.
func places(fsys FS, dir string) (all []place, foreign []string, err error) {
	names, foreign, err := listSegments(fsys, dir)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		all = append(all, place{dir, name})
	}
	archives, err := readArchives(fsys, dir)
	if err != nil || len(archives) == 0 {
		return all, foreign, err
	}
	for _, archive := range archives {
		names, _, err := listSegments(fsys, archive)
		if errors.Is(err, ErrNotJournal) {
			err = fmt.Errorf("%s: %w; mount it, or remove its line with `vexjctl journal archive --forget`", archive, ErrArchive)
		}
		if err != nil {
			return nil, nil, err
		}
		for _, name := range names {
			all = append(all, place{archive, name})
		}
	}
	// Names sort as their ordinals do; what comes first is the journal's.
	slices.SortStableFunc(all, func(a, b place) int { return cmp.Compare(a.name, b.name) })
	return slices.CompactFunc(all, func(a, b place) bool { return a.name == b.name }), foreign, nil
}

// openSegment reads header and footer of a segment.
func openSegment(fsys FS, p place) (*segment, error) {
	f, err := fsys.Open(p.path())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return loadSegment(f, p.name, footerHead)
}
