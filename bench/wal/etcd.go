// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"sync"

	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/zap"
)

var etcd = engine{name: "etcd", open: openEtcd, visit: visitEtcd}

// etcdPending bounds what waits for the clock.
const etcdPending = 16 << 10

// An etcdJournal saves entries as raft does: what there is, at once. Save syncs,
// so that with policy clocked the entries wait for the clock.
type etcdJournal struct {
	p   policy
	log *wal.WAL

	mu      sync.Mutex
	room    sync.Cond
	index   uint64
	pending []*raftpb.Entry

	saving sync.Mutex // taken before mu
	spare  []*raftpb.Entry
}

func etcdDir(dir string) string { return filepath.Join(dir, "wal") }

func openEtcd(dir string, p policy) (journal, error) {
	j := &etcdJournal{p: p}
	j.room.L = &j.mu
	var err error
	if wal.Exist(etcdDir(dir)) {
		if j.log, err = wal.Open(zap.NewNop(), etcdDir(dir), &walpb.Snapshot{}); err != nil {
			return nil, err
		}
		// It takes nothing more before it was read.
		_, _, entries, err := j.log.ReadAll()
		if err != nil {
			return nil, err
		}
		j.index = uint64(len(entries))
	} else if j.log, err = wal.Create(zap.NewNop(), etcdDir(dir), nil); err != nil {
		return nil, err
	}
	if p == never {
		j.log.SetUnsafeNoFsync()
	}
	return j, nil
}

func (j *etcdJournal) entry(rec []byte) *raftpb.Entry {
	j.index++
	index, term := j.index, uint64(1)
	return &raftpb.Entry{Index: &index, Term: &term, Data: rec}
}

func (j *etcdJournal) append(recs [][]byte) error {
	if j.p == clocked {
		j.mu.Lock()
		for len(j.pending) >= etcdPending {
			j.room.Wait()
		}
		for _, rec := range recs {
			j.pending = append(j.pending, j.entry(rec))
		}
		j.mu.Unlock()
		return nil
	}
	j.saving.Lock()
	defer j.saving.Unlock()
	j.spare = j.spare[:0]
	for _, rec := range recs {
		j.spare = append(j.spare, j.entry(rec))
	}
	return j.log.Save(&raftpb.HardState{}, j.spare)
}

func (j *etcdJournal) tick() error {
	j.saving.Lock()
	defer j.saving.Unlock()
	j.mu.Lock()
	entries := j.pending
	j.pending = j.spare[:0]
	j.mu.Unlock()
	j.room.Broadcast()
	j.spare = entries
	if len(entries) == 0 {
		return nil
	}
	return j.log.Save(&raftpb.HardState{}, entries)
}

func (j *etcdJournal) finish() error {
	if j.p == clocked {
		return j.tick()
	}
	return nil // each Save is a write
}

func (j *etcdJournal) close() error { return j.log.Close() }

func visitEtcd(dir string, fn func([]byte)) error {
	log, err := wal.OpenForRead(zap.NewNop(), etcdDir(dir), &walpb.Snapshot{})
	if err != nil {
		return err
	}
	defer log.Close()
	_, _, entries, err := log.ReadAll()
	for _, e := range entries {
		fn(e.GetData())
	}
	return err
}
