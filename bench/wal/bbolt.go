// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"errors"
	"path/filepath"
	"sync"

	"go.etcd.io/bbolt"
)

var bboltDB = engine{name: "bbolt", note: "keys in order, full pages", open: openBbolt, visit: visitBbolt}

var bucket = []byte("log")

// A bboltStore has one transaction open, which append fills.
type bboltStore struct {
	p  policy
	db *bbolt.DB

	mu   sync.Mutex
	tx   *bbolt.Tx
	log  *bbolt.Bucket
	last uint64
	n    int // records in tx
}

func bboltPath(dir string) string { return filepath.Join(dir, "log.db") }

func openBbolt(dir string, p policy) (journal, error) {
	db, err := bbolt.Open(bboltPath(dir), 0o644, &bbolt.Options{
		NoSync: p == never, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	return &bboltStore{p: p, db: db}, nil
}

func (j *bboltStore) append(recs [][]byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, rec := range recs {
		if err := j.put(rec); err != nil {
			return err
		}
	}
	if j.p.waits() || j.p == never && j.n >= transaction {
		return j.commit()
	}
	return nil
}

func (j *bboltStore) put(rec []byte) (err error) {
	if j.tx == nil {
		if j.tx, err = j.db.Begin(true); err != nil {
			return err
		}
		if j.log, err = j.tx.CreateBucketIfNotExists(bucket); err != nil {
			return err
		}
		j.log.FillPercent = 1
	}
	j.last++
	j.n++
	key := binary.BigEndian.AppendUint64(nil, j.last) // bbolt keeps it
	return j.log.Put(key, rec)
}

func (j *bboltStore) commit() error {
	if j.tx == nil {
		return nil
	}
	err := j.tx.Commit()
	j.tx, j.n = nil, 0
	return err
}

func (j *bboltStore) tick() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.commit()
}

func (j *bboltStore) finish() error { return j.tick() }
func (j *bboltStore) close() error  { return j.db.Close() }

func visitBbolt(dir string, fn func([]byte)) error {
	db, err := bbolt.Open(bboltPath(dir), 0o644, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(_, v []byte) error {
			fn(v)
			return nil
		})
	})
	return errors.Join(err, db.Close())
}
