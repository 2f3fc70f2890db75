// SPDX-License-Identifier: Apache-2.0

package collection

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"vexj/hnsw"
	"vexj/internal/produce"
	"vexj/uapi"
	"vexj/userjournal"
	"vexj/vector"
)

// A Collection is a store, a graph over its vectors, and the journal of both. All
// its methods may be called by any goroutine at any time.
type Collection struct {
	dir     string
	config  Config
	options Options

	store   *vector.Store
	graph   *hnsw.Graph
	journal *userjournal.Writer
	out     *outbox
	vectors *produce.Run
	nodes   *produce.Run
	source  *source

	// Locks, in the order in which they are taken: mu is held by whoever changes
	// something, shared by each search looking. The store's and the graph's own
	// come after both.
	mu      sync.Mutex
	looking sync.RWMutex
	since   int // changes since the last checkpoint
	failed  error
	closed  atomic.Bool
	opened  Recovery

	// The journal hears of the two producers when they have something to say.
	begin    sync.Once
	begun    bool
	beginErr error
}

// A Recovery is what Open did to bring store and graph to the end of the journal.
type Recovery struct {
	Journal userjournal.RecoveryReport
	From    uint64 // ordinal of the first record that was looked at
	Records uint64 // that were looked at
	Changes uint64 // of vectors, that were done again
	Dropped int    // changes that had no end in the journal: nobody was told that they were done
}

// Create makes a collection in a directory that is missing or empty.
func Create(dir string, c Config, o Options) (*Collection, error) {
	o.fill()
	if err := c.Check(); err != nil {
		return nil, err
	}
	c.settle()
	k := newCollection(dir, c, o)
	if err := k.clear(); err != nil {
		return nil, fmt.Errorf("create collection: %w", err)
	}
	if err := k.create(); err != nil {
		return nil, errors.Join(fmt.Errorf("create collection: %w", err), k.release())
	}
	return k, nil
}

// clear makes the directory, and removes what an interrupted Create left, which has
// nothing in it. The file of the configuration comes last: with it the collection is
// there.
func (k *Collection) clear() error {
	if err := k.options.FS.MkdirAll(k.dir); err != nil {
		return err
	}
	names, err := k.options.FS.ReadDir(k.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == configName {
			return fmt.Errorf("%s: %w: open it, or give another directory", k.dir, ErrThere)
		}
		if name != storeName && name != journalName && name != configName+".tmp" {
			return fmt.Errorf("%s: %w: it holds %q; give an empty or a new directory", k.dir, ErrNotCollection, name)
		}
	}
	return errors.Join(os.RemoveAll(k.path(storeName)), os.RemoveAll(k.path(journalName)))
}

// settle fills in what depends on something else.
func (c *Config) settle() {
	if c.Metric == uapi.MetricHamming {
		c.Codes = hnsw.NoCodes // vectors of bits are their own
	}
}

func newCollection(dir string, c Config, o Options) *Collection {
	return &Collection{
		dir: dir, config: c, options: o, out: &outbox{}, source: &source{},
		vectors: produce.NewRun(uapi.ProducerVector), nodes: produce.NewRun(uapi.ProducerHNSW),
	}
}

// createParts makes a journal, a store and a graph.
func (k *Collection) createParts() (err error) {
	if err := k.openJournal(); err != nil {
		return err
	}
	if k.store, err = vector.Create(k.path(storeName), k.config.Config, k.storeOptions()); err != nil {
		return err
	}
	k.graph, err = k.newGraph()
	return err
}

func (k *Collection) create() error {
	if err := k.createParts(); err != nil {
		return err
	}
	if err := k.start(); err != nil {
		return err
	}
	if err := k.journal.Sync(); err != nil {
		return err
	}
	return writeConfig(k.options.FS, k.dir, &k.config)
}

func (k *Collection) path(name string) string { return filepath.Join(k.dir, name) }

func (k *Collection) openJournal() (err error) {
	k.journal, err = userjournal.Create(k.path(journalName), userjournal.Options{
		Durability: k.options.Durability, Ordered: true, FS: k.options.JournalFS,
	})
	if err == nil {
		k.out.journal = k.journal
		k.opened.Journal = k.journal.Recovery()
	}
	return err
}

func (k *Collection) storeOptions() vector.Options {
	return vector.Options{Sink: storeSink{k.out}, Run: k.vectors, FS: k.options.FS}
}

func (k *Collection) graphConfig() hnsw.Config {
	c := hnsw.Config{
		Dims: k.config.Dims, Metric: k.config.Metric, M: k.config.M, EfConstruction: k.config.EfConstruction,
		Seed: k.config.Seed, Codes: k.config.Codes, Sink: graphSink{k.out}, Run: k.nodes, Searches: k.options.Searches,
	}
	if c.Codes != hnsw.NoCodes {
		k.source.store = k.store
		c.Source = k.source
	}
	return c
}

func (k *Collection) newGraph() (*hnsw.Graph, error) { return hnsw.New(k.graphConfig()) }

// start sees to it that the journal was told that both producers start, and of what
// the collection is.
func (k *Collection) start() error {
	k.begin.Do(func() { k.begun, k.beginErr = true, k.tell() })
	return k.beginErr
}

func (k *Collection) tell() error {
	sink := journalSink{k.journal}
	k.vectors.After(k.store.LastEvent())
	k.nodes.After(k.graph.Sequence())
	if err := k.vectors.Start(sink, ""); err != nil {
		return err
	}
	if err := k.nodes.Start(sink, ""); err != nil {
		return err
	}
	b := uapi.NewBuilder(nil)
	id := k.vectors.Begin(b, uapi.Header{Type: uapi.VectorIndex})
	k.addTo(b)
	if k.config.Model != "" {
		b.AddString(uapi.AttrModel, k.config.Model)
	}
	b.Metadata(k.config.marshal())
	return k.vectors.Emit(sink, b, id)
}

// addTo says what kind of vectors a record is of.
func (k *Collection) addTo(b *uapi.Builder) {
	if k.config.Name != "" {
		b.AddString(uapi.AttrCollection, k.config.Name)
	}
	b.AddU32(uapi.AttrVectorDims, uint32(k.config.Dims))
	b.AddU32(uapi.AttrVectorElem, uint32(k.config.Elem))
	b.AddU32(uapi.AttrVectorMetric, uint32(k.config.Metric))
}

// Config is what the collection is of.
func (k *Collection) Config() Config { return k.config }

// Dir is the directory.
func (k *Collection) Dir() string { return k.dir }

// Len is how many vectors there are.
func (k *Collection) Len() int { return k.store.Len() }

// Store is for looking at: what is changed in it alone is an error later.
func (k *Collection) Store() *vector.Store { return k.store }

// Graph is for looking at.
func (k *Collection) Graph() *hnsw.Graph { return k.graph }

// Recovery is what Open did.
func (k *Collection) Recovery() Recovery { return k.opened }

// Attribute makes the records from now on those of an agent.
func (k *Collection) Attribute(a produce.Attribution) {
	k.vectors.Attribute(a)
	k.nodes.Attribute(a)
}

// Sync makes all changes before it durable.
func (k *Collection) Sync() error {
	if k.options.ReadOnly {
		return nil
	}
	return k.journal.Sync()
}

// Close makes a checkpoint, so that the next opening has nothing to do again.
func (k *Collection) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed.Swap(true) {
		return nil
	}
	k.looking.Lock() // searches that are under way
	defer k.looking.Unlock()
	var err error
	if k.failed == nil && !k.options.ReadOnly {
		err = k.graph.Flush()
		if err == nil && k.since > 0 {
			err = k.checkpoint()
		}
		if err == nil && k.begun {
			sink := journalSink{k.journal}
			err = errors.Join(k.nodes.Stop(sink), k.vectors.Stop(sink))
		}
	}
	if err == nil && k.failed == nil {
		err = k.store.Close()
	}
	return errors.Join(err, k.release())
}

// release closes what is open. The store, if it is, goes back to where the graph's
// snapshot is.
func (k *Collection) release() error {
	var errs []error
	if k.graph != nil {
		errs = append(errs, k.graph.Close())
	}
	if k.store != nil {
		errs = append(errs, k.store.Abandon())
	}
	if k.journal != nil {
		errs = append(errs, k.journal.Close())
	}
	return errors.Join(errs...)
}

// Digests stand for all that the two have.
type Digests struct {
	Store vector.Digest
	Graph hnsw.Digest
}

// Digest waits for a change that is under way.
func (k *Collection) Digest() (d Digests, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if d.Store, err = k.store.Digest(); err != nil {
		return d, err
	}
	d.Graph, err = k.graph.Digest()
	return d, err
}
