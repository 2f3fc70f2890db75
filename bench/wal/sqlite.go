// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	_ "github.com/mattn/go-sqlite3" // the driver
)

var sqlite = engine{name: "sqlite", note: "rowid table, WAL mode", open: openSQLite, visit: visitSQLite}

// A sqliteStore has one connection, and one transaction open on it.
type sqliteStore struct {
	p    policy
	db   *sql.DB
	conn *sql.Conn

	mu     sync.Mutex
	insert *sql.Stmt
	n      int // records in the transaction
}

func connectSQLite(dir string, p policy) (*sql.DB, error) {
	sync := "FULL"
	if p == never {
		sync = "OFF"
	}
	return sql.Open("sqlite3", fmt.Sprintf("file:%s?_journal_mode=WAL&_synchronous=%s", filepath.Join(dir, "log.db"), sync))
}

func openSQLite(dir string, p policy) (_ journal, err error) {
	j := &sqliteStore{p: p}
	if j.db, err = connectSQLite(dir, p); err != nil {
		return nil, err
	}
	if j.conn, err = j.db.Conn(context.Background()); err != nil {
		return nil, err
	}
	if err = j.exec("CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, record BLOB)"); err != nil {
		return nil, err
	}
	j.insert, err = j.conn.PrepareContext(context.Background(), "INSERT INTO log (record) VALUES (?)")
	return j, err
}

func (j *sqliteStore) exec(statement string) error {
	_, err := j.conn.ExecContext(context.Background(), statement)
	return err
}

func (j *sqliteStore) append(recs [][]byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.n == 0 {
		if err := j.exec("BEGIN"); err != nil {
			return err
		}
	}
	for _, rec := range recs {
		if _, err := j.insert.Exec(rec); err != nil {
			return err
		}
	}
	j.n += len(recs)
	if j.p.waits() || j.p == never && j.n >= transaction {
		return j.commit()
	}
	return nil
}

func (j *sqliteStore) commit() error {
	if j.n == 0 {
		return nil
	}
	j.n = 0
	return j.exec("COMMIT")
}

func (j *sqliteStore) tick() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.commit()
}

func (j *sqliteStore) finish() error { return j.tick() }

func (j *sqliteStore) close() error {
	return errors.Join(j.insert.Close(), j.conn.Close(), j.db.Close())
}

func visitSQLite(dir string, fn func([]byte)) (err error) {
	db, err := connectSQLite(dir, never)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.Query("SELECT record FROM log ORDER BY id")
	if err != nil {
		return err
	}
	var rec sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&rec); err != nil {
			return errors.Join(err, rows.Close())
		}
		fn(rec)
	}
	return errors.Join(rows.Err(), rows.Close())
}
