// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"
)

// A policy is when records are synced.
type policy int

const (
	never       policy = iota
	clocked            // every interval
	eachHundred        // by each writer, which waits
	eachRecord         // by each writer, which waits
)

var policyNames = [...]string{"none", "10ms", "100", "record"}

func (p policy) String() string { return policyNames[p] }

const (
	interval = 10 * time.Millisecond
	hundred  = 100
	// transaction is how many records a store gets at a time if nothing else
	// ends one.
	transaction = 1000
)

func parsePolicy(s string) (policy, error) {
	for p, name := range policyNames {
		if name == s {
			return policy(p), nil
		}
	}
	return 0, fmt.Errorf("policy %q: use %s", s, strings.Join(policyNames[:], ", "))
}

// waits: the writers wait for the disk.
func (p policy) waits() bool { return p >= eachHundred }

// A journal is an engine at work in one directory.
type journal interface {
	// append takes records, from several goroutines. If the policy waits it
	// returns when they are safe. The records stay as they are.
	append(recs [][]byte) error
	// tick is called by the clock of policy clocked.
	tick() error
	// finish hands all to the kernel, and if the policy syncs, to the disk.
	finish() error
	close() error
}

// An engine is one of those that are compared.
type engine struct {
	name string
	// note is what a reader of the table must know.
	note  string
	open  func(dir string, p policy) (journal, error)
	visit func(dir string, fn func(rec []byte)) error
}

var engines = []engine{
	usjl, usjlBare, usjlNone, buffered, etcd, pebbleWAL, pebbleDB, tidwall, bboltDB, sqlite,
}

func findEngine(name string) (*engine, error) {
	var names []string
	for i := range engines {
		if engines[i].name == name {
			return &engines[i], nil
		}
		names = append(names, engines[i].name)
	}
	return nil, fmt.Errorf("engine %q: use %s", name, strings.Join(names, ", "))
}
