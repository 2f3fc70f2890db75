// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"strconv"

	"vexj/hnsw"
	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector"
)

// Config is what a collection is of, for as long as it exists.
type Config struct {
	vector.Config
	// Codes are what the graph is traversed by. With them it has the originals
	// from the store; without it keeps them, too, in memory.
	Codes hnsw.Codes
	// M, EfConstruction and Seed are the graph's: 0 for its defaults.
	M, EfConstruction int
	Seed              uint64
	// Model is what made the vectors, if it was an embedder.
	Model string
}

// Options of an open collection. The zero value takes changes that are durable
// within a second, and makes no records of searches.
type Options struct {
	// Durability of changes: see userjournal. Sync makes all of them durable
	// whatever it is.
	Durability userjournal.Durability
	// Searches is how many searches have their records handed over together; 0:
	// they have none.
	Searches int
	// Results puts what was found into the records of searches.
	Results bool
	// Workers is how many vectors that one Change creates come into the graph at a
	// time; 0: 1, with which the same changes make the same graph. With more, which
	// links a node has depends on who was first; what is recovered is the same graph
	// to the last link all the same.
	Workers int
	// ReadOnly opens what the last checkpoint has, beside a writer or without, and
	// makes no records: [Collection.Behind] says whether that is all.
	ReadOnly bool
	// CheckpointEvery is after how many changes one is made, which bounds how long
	// the next opening takes. 0: 100,000; negative: never but by Close.
	CheckpointEvery int
	// FS is for all files but the journal's, JournalFS for those; nil: the
	// machine's.
	FS        vector.FS
	JournalFS userjournal.FS
}

const defaultCheckpoint = 100_000

func (o *Options) fill() {
	if o.FS == nil {
		o.FS = vector.OSFS
	}
	if o.JournalFS == nil {
		o.JournalFS = userjournal.OSFS
	}
	o.Workers = max(o.Workers, 1)
	if o.CheckpointEvery == 0 {
		o.CheckpointEvery = defaultCheckpoint
	}
}

const (
	configName  = "COLLECTION"
	storeName   = "store"
	journalName = "journal"
	graphName   = "graph."
)

// graphFile is the snapshot of the graph that belongs to a position of the store.
func graphFile(position uint64) string { return graphName + strconv.FormatUint(position, 10) }

// written is the configuration as it stands in the file and in the record of
// VECTOR_INDEX that begins a journal.
type written struct {
	Version        int    `json:"version"`
	Name           string `json:"name"`
	Dims           int    `json:"dims"`
	Elem           string `json:"elem"`
	Metric         string `json:"metric"`
	Codes          int    `json:"codes"`
	M              int    `json:"m"`
	EfConstruction int    `json:"ef_construction"`
	Seed           uint64 `json:"seed"`
	Model          string `json:"model,omitempty"`
}

func (c *Config) marshal() []byte {
	b, err := json.Marshal(written{
		Version: 1, Name: c.Name, Dims: c.Dims, Elem: c.Elem.String(), Metric: c.Metric.String(), Codes: int(c.Codes),
		M: c.M, EfConstruction: c.EfConstruction, Seed: c.Seed, Model: c.Model,
	})
	if err != nil {
		panic(err) // of such a struct it cannot be
	}
	return b
}

func unmarshal(b []byte) (c Config, err error) {
	var w written
	if err := json.Unmarshal(b, &w); err != nil {
		return c, fmt.Errorf("%w: its configuration: %w", ErrNotCollection, err)
	}
	elem, ok1 := uapi.ParseElem(w.Elem)
	metric, ok2 := uapi.ParseMetric(w.Metric)
	if w.Version != 1 || !ok1 || !ok2 || w.Codes < 0 || w.Codes > 255 {
		return c, fmt.Errorf("%w: a configuration that this program does not know: %s; read it with the vexj that wrote it", ErrNotCollection, b)
	}
	c = Config{
		Config: vector.Config{Name: w.Name, Dims: w.Dims, Elem: elem, Metric: metric},
		Codes:  hnsw.Codes(w.Codes), M: w.M, EfConstruction: w.EfConstruction, Seed: w.Seed, Model: w.Model,
	}
	return c, c.Check()
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// writeConfig makes the file, which is never changed: a line of JSON, and one with
// the CRC-32C of that.
func writeConfig(fsys vector.FS, dir string, c *Config) error {
	line := append(c.marshal(), '\n')
	line = fmt.Appendf(line, "%08x\n", crc32.Checksum(line, castagnoli))
	return replace(fsys, filepath.Join(dir, configName), func(w *writer) error {
		_, err := w.Write(line)
		return err
	})
}

func readConfig(fsys vector.FS, dir string) (c Config, err error) {
	name := filepath.Join(dir, configName)
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("%s: %w: there is no %s in it", dir, ErrNotCollection, configName)
	}
	if err != nil {
		return c, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return c, err
	}
	b := make([]byte, min(size, 4096))
	if _, err := f.ReadAt(b, 0); err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	want, err := strconv.ParseUint(string(bytes.TrimSuffix(rest, []byte("\n"))), 16, 32)
	if err != nil || len(rest) != 9 || uint32(want) != crc32.Checksum(b[:len(line)+1], castagnoli) {
		return c, &vector.DamageError{File: name, Offset: int64(len(line)), What: "the checksum is wrong"}
	}
	return unmarshal(line)
}
