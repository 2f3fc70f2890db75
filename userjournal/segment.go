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

// recovered: the segment ends where a crash ended it.
func (s *segment) recovered() bool { return s.sealed() && s.footer.flags&sealedRecovered != 0 }

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
		if s.header, err = headerFromBlocks(f, size, first); err != nil {
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

// headerFromBlocks makes up a header from the first block or, if that is lost as
// well, from those behind it.
func headerFromBlocks(f File, size int64, first uint64) (*segmentHeader, error) {
	br := blockReader{r: f, anySalt: true}
	var blk block
	err := br.readHeader(HeaderSize, size, &blk)
	switch {
	case err == nil && blk.zone.First != first:
		return nil, damaged("first block begins with record %d", blk.zone.First)
	case err == nil:
		return &segmentHeader{First: first, Salt: br.salt, start: blk.before}, nil
	case !errors.Is(err, ErrDamaged):
		return nil, err
	}
	salt, err := br.commonSalt(HeaderSize, size, first)
	if err != nil {
		return nil, err
	}
	return &segmentHeader{First: first, Salt: salt}, nil
}

// maxSalts bounds how many are told apart.
const maxSalts = 64

// commonSalt is that of most bytes of the blocks whose headers are good. Where the
// first block is lost, a payload in it may hold something that looks like one.
func (br *blockReader) commonSalt(offset, size int64, first uint64) (salt uint64, err error) {
	bytes := map[uint64]int64{}
	var blk block
	for {
		at := offset
		err := br.readHeader(at, size, &blk)
		if errors.Is(err, ErrDamaged) {
			at, err = br.resync(offset+blockAlign, size, &blk)
		}
		if err != nil {
			return 0, err
		}
		if at >= size {
			break
		}
		offset = at + blockAlign
		if _, known := bytes[br.salt]; blk.zone.First < first || !known && len(bytes) == maxSalts {
			continue
		}
		offset = at + blk.size()
		bytes[br.salt] += blk.size()
	}
	most := int64(0)
	for s, n := range bytes {
		if n > most {
			salt, most = s, n
		}
	}
	if most == 0 {
		return 0, damaged("no block that is whole")
	}
	return salt, nil
}

func (s *segment) walk(f File) segmentWalk {
	return segmentWalk{blocks: blockReader{r: f, salt: s.header.Salt}, name: s.name,
		offset: HeaderSize, next: s.first,
		block: func(int64, *block) error { return nil }, hole: func(*DamageError) {}}
}

// listSegments returns the names of the segments, oldest first, and of what else
// there is that no journal has.
func listSegments(fsys FS, dir string) (names, foreign []string, err error) {
	all, err := fsys.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("%s: %w: there is no such directory", dir, ErrNotJournal)
	case errors.Is(err, unix.ENOTDIR):
		return nil, nil, fmt.Errorf("%s: %w: it is no directory", dir, ErrNotJournal)
	case err != nil:
		return nil, nil, err
	}
	for _, name := range all {
		if name == unfinishedName {
			return nil, nil, fmt.Errorf("%s: %w: a repair is at work or was cut off; remove the directory and repair again", dir, ErrUnfinished)
		}
		if name == shardsName {
			return nil, nil, fmt.Errorf("%s: %w: it is a set of shards; give the directory of one of them, which %s names", dir, ErrShards, shardsName)
		}
		if _, ok := ParseSegmentName(name); ok {
			names = append(names, name)
		} else if !ours(name) {
			foreign = append(foreign, name)
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
