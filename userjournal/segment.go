// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// A segment is what is known of one file of the journal. It stays as it is once
// the segment is sealed.
type segment struct {
	name  string
	first uint64 // from the name

	header    *segmentHeader
	headerErr error // the header is damaged; what of it is here comes from a copy
	guessed   bool  // there was none: only first, salt and start are known
	footer    *footer
	footerErr error // why there is none
}

func (s *segment) sealed() bool { return s.footer != nil }

// closed: nothing is to be recovered.
func (s *segment) closed() bool {
	return s.sealed() && s.footer.flags&(sealedClosed|sealedRecovered) != 0
}

// loadSegment reads header and footer.
func loadSegment(f File, name string, detail footerDetail) (*segment, error) {
	first, _ := ParseSegmentName(name)
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	s := &segment{name: name, first: first}
	s.header, s.headerErr = readHeader(f)
	s.footer, s.footerErr = readFooter(f, size, detail)
	switch {
	case errors.Is(s.headerErr, ErrVersion) || s.headerErr != nil && !gone(s.headerErr):
		return nil, s.headerErr
	case s.footerErr != nil && !gone(s.footerErr):
		return nil, s.footerErr
	case s.header == nil && s.footer != nil:
		h := s.footer.header
		s.header, s.guessed = &h, s.footer.flags&sealedGuessed != 0
	case s.header == nil:
		s.guessed = true
		if s.header, err = headerFromBlock(f, size, first); err != nil {
			if gone(err) {
				err = s.headerErr
			}
			return nil, err
		}
	case s.footer != nil && !s.header.sameIdentity(&s.footer.header):
		s.footer, s.footerErr = nil, damaged("footer: of another segment")
	}
	if s.header.First != first {
		return nil, damaged("it holds the segment %s: files were renamed", SegmentName(s.header.First))
	}
	return s, nil
}

// headerFromBlock makes up a header from the first block.
func headerFromBlock(f File, size int64, first uint64) (*segmentHeader, error) {
	var b [blkFixedSize]byte
	if err := readFull(f, b[:], HeaderSize); err != nil {
		return nil, err
	}
	br := blockReader{r: f, salt: le.Uint64(b[blkSalt:])}
	var blk block
	if err := br.readHeader(HeaderSize, size, &blk); err != nil {
		return nil, err
	}
	if blk.zone.First != first {
		return nil, damaged("first block begins with record %d", blk.zone.First)
	}
	return &segmentHeader{First: first, Salt: br.salt, start: blk.before}, nil
}

func (s *segment) walk(f File) segmentWalk {
	return segmentWalk{blocks: blockReader{r: f, salt: s.header.Salt}, name: s.name,
		offset: HeaderSize, next: s.first,
		block: func(int64, *block) error { return nil }, hole: func(*DamageError) {}}
}

// listSegments returns the names of the segments, oldest first, and whether
// there is anything else that no journal has.
func listSegments(fsys FS, dir string) (names []string, foreign string, err error) {
	all, err := fsys.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", fmt.Errorf("%s: %w: there is no such directory", dir, ErrNotJournal)
	case errors.Is(err, unix.ENOTDIR):
		return nil, "", fmt.Errorf("%s: %w: it is no directory", dir, ErrNotJournal)
	case err != nil:
		return nil, "", err
	}
	for _, name := range all {
		if name == unfinishedName {
			return nil, "", fmt.Errorf("%s: %w: a repair is at work or was cut off; remove the directory and repair again", dir, ErrUnfinished)
		}
		if name == shardsName {
			return nil, "", fmt.Errorf("%s: %w: it is a set of shards; give the directory of one of them, which %s names", dir, ErrShards, shardsName)
		}
		if _, ok := ParseSegmentName(name); ok {
			names = append(names, name)
		} else if !ours(name) {
			foreign = name
		}
	}
	return names, foreign, nil
}

// ours: a journal may hold a file of that name beside its segments.
func ours(name string) bool {
	switch filepath.Ext(name) {
	case asideSuffix, indexSuffix, tempSuffix, consumerSuffix:
		return true
	}
	return slices.Contains([]string{lockName, consumersLock, archiveName, removedName, shardName, "lost+found"}, name)
}
