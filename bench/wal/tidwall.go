// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"sync"

	"github.com/tidwall/wal"
)

var tidwall = engine{name: "tidwall", note: "no checksums", open: openTidwall, visit: visitTidwall}

type tidwallJournal struct {
	p   policy
	log *wal.Log

	mu    sync.Mutex // orders the indexes
	last  uint64
	batch wal.Batch
}

func tidwallOptions(p policy) *wal.Options {
	o := *wal.DefaultOptions
	o.NoSync = !p.waits()
	o.NoCopy = true
	return &o
}

func openTidwall(dir string, p policy) (journal, error) {
	log, err := wal.Open(filepath.Join(dir, "log"), tidwallOptions(p))
	if err != nil {
		return nil, err
	}
	last, err := log.LastIndex()
	return &tidwallJournal{p: p, log: log, last: last}, err
}

func (j *tidwallJournal) append(recs [][]byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(recs) == 1 {
		j.last++
		return j.log.Write(j.last, recs[0])
	}
	j.batch.Clear()
	for _, rec := range recs {
		j.last++
		j.batch.Write(j.last, rec)
	}
	return j.log.WriteBatch(&j.batch)
}

func (j *tidwallJournal) tick() error { return j.log.Sync() }

func (j *tidwallJournal) finish() error {
	if j.p == clocked {
		return j.log.Sync()
	}
	return nil // each Write is a write
}

func (j *tidwallJournal) close() error { return j.log.Close() }

func visitTidwall(dir string, fn func([]byte)) error {
	log, err := wal.Open(filepath.Join(dir, "log"), tidwallOptions(never))
	if err != nil {
		return err
	}
	defer log.Close()
	first, err := log.FirstIndex()
	if err != nil {
		return err
	}
	last, err := log.LastIndex()
	for i := first; err == nil && i <= last; i++ {
		var rec []byte
		if rec, err = log.Read(i); err == nil {
			fn(rec)
		}
	}
	return err
}
