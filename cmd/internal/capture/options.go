// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"errors"
	"fmt"
	"strings"

	"vexj/bpf"
	"vexj/cmd/internal/exit"
	"vexj/fuse"
	"vexj/uapi"
	"vexj/userjournal"
)

// Producers are the names that Options.Producer may have.
var Producers = []string{"auto", "bpf", "bpf-vfs", "bpf-syscall", "kmod", "fuse"}

var (
	// ErrProducer: the name is none of Producers.
	ErrProducer = errors.New("unknown producer")
	// ErrNoFolder: a FUSE filesystem shows a folder, and none was named.
	ErrNoFolder = errors.New("a FUSE filesystem records what is done in a folder; name it with --path")
	// ErrJournalInside: the recorder would wait for itself.
	ErrJournalInside = errors.New("the journal would lie in the folder that is recorded; choose another --journal")
	// ErrVectorsInside: the same, of the collection.
	ErrVectorsInside = errors.New("the vectors would lie in the folder that is recorded; choose another --vectors")
	// ErrRequire: --require names nothing that could be required.
	ErrRequire = errors.New("--require needs a --producer other than auto")
)

// Options of a capture.
type Options struct {
	Program    string // who captures, for `vexjctl kernel status`
	Producer   string
	Require    bool // that producer or none
	Filter     uapi.Filter
	RingBytes  int       // per CPU; 0: the producer's default
	Folders    []Folder  // what the FUSE filesystem shows; none: the paths of Filter
	Full       fuse.Full // what it does while the journal is behind
	Control    ControlFolder
	control    *control // what answers for it
	Vectors    string   // the collection of the files' vectors; "": there is none
	vectors    *vectors
	Journal    string
	Shards     []string // directories to spread it over; nil: those that it has
	Durability userjournal.Durability
	SignKey    *userjournal.SigningKey // nil: the journal is not signed
	Upkeep     Upkeep
	RunDir     string // where the status is published; "": nowhere
	Agents     Agents

	before *bpf.Producer // whose contexts the eBPF programs take over; nil: nobody's

	// Notice is told what the owner of the machine should know, a line each,
	// from any goroutine.
	Notice func(string)
}

// Check tells what is wrong with the options before anything is touched.
func (o *Options) Check() error {
	known := false
	for _, p := range Producers {
		known = known || p == o.Producer
	}
	switch {
	case !known:
		return exit.With(exit.Usage, fmt.Errorf("%q: %w; it is one of %s", o.Producer, ErrProducer, strings.Join(Producers, ", ")))
	case o.Require && o.Producer == "auto":
		return exit.With(exit.Usage, ErrRequire)
	}
	return nil
}
