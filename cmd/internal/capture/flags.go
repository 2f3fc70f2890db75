// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/limit"
	"vexj/cmd/internal/place"
	"vexj/userjournal"
)

// Flags are the command line of a capture.
type Flags struct {
	producer   string
	require    bool
	journal    string
	shards     []string
	durability string
	maxSize    string
	maxAge     string
	archive    string
	archiveAge string
	signKey    string
	ringSize   string
	socket     string
	policy     string
	heartbeat  string
	memory     string
	filter     FilterFlags
}

// Add defines the flags. Those that say whose operations are recorded are left
// out where the command itself says it.
func (f *Flags) Add(fs *pflag.FlagSet, whose bool) {
	fs.StringVar(&f.producer, "producer", "auto", "`name`: "+strings.Join(Producers, ", "))
	fs.BoolVar(&f.require, "require", false, "fail rather than fall back from --producer to another one")
	f.addJournal(fs)
	f.filter.Add(fs, whose)
}

// AddMounted defines those of a capture whose producer is a mount.
func (f *Flags) AddMounted(fs *pflag.FlagSet) {
	f.producer = "fuse"
	f.addJournal(fs)
	f.filter.AddWhat(fs)
}

func (f *Flags) addJournal(fs *pflag.FlagSet) {
	fs.StringVar(&f.journal, "journal", place.Journal(), "`folder` of the journal, made if missing, continued if not")
	fs.StringArrayVar(&f.shards, "shard", nil, "spread a new journal over this `folder` and others, on disks of their own (repeatable)")
	fs.StringVar(&f.durability, "durability", "interval", "`when` records are synced to disk: none, interval, batch, record")
	fs.StringVar(&f.signKey, "sign-key", "", "`file` with the private key to sign the segments of the journal with")
	fs.StringVar(&f.maxSize, "max-size", "", "remove the oldest records while the journal has more `bytes` (suffixes K, M, G, T)")
	fs.StringVar(&f.maxAge, "max-age", "", "remove records older than this `time`, such as 36h or 30d")
	fs.StringVar(&f.archive, "archive", "", "compress old segments further, into this `folder`")
	fs.StringVar(&f.archiveAge, "archive-after", "", "archive only what is older than this `time`")
	fs.StringVar(&f.socket, "socket", "", "serve agents at this `path` (default in the run-time folder; none: do not)")
	fs.StringVar(&f.policy, "policy", "", "`file` that says which users and agents may do what (default "+place.Policy()+", if it is there)")
	fs.StringVar(&f.heartbeat, "heartbeat", "", "let streams to agents be silent for this `time` (default 30s)")
	fs.StringVar(&f.memory, "stream-memory", "", "let live streams to agents hold so many `bytes` together (suffixes K, M, G; default 32M)")
	fs.StringVar(&f.ringSize, "ring-size", "", "`bytes` of each CPU's ring, a power of two (suffixes K, M)")
}

// Options turns the flags into those of a capture.
func (f *Flags) Options(program string) (Options, error) {
	o := Options{
		Program:  program,
		Producer: f.producer,
		Require:  f.require,
		Journal:  f.journal,
		Shards:   f.shards,
		RunDir:   place.Run(),
	}
	var err error
	if o.Durability, err = userjournal.ParseDurability(f.durability); err != nil {
		return o, exit.With(exit.Usage, err)
	}
	if o.SignKey, err = SigningKey(f.signKey); err != nil {
		return o, err
	}
	if o.Upkeep, err = f.upkeep(); err != nil {
		return o, exit.With(exit.Usage, err)
	}
	if o.RingBytes, err = ringBytes(f.ringSize); err != nil {
		return o, exit.With(exit.Usage, err)
	}
	if o.Agents, err = f.agents(program); err != nil {
		return o, err
	}
	if o.Filter, err = f.filter.Filter(); err != nil {
		return o, err
	}
	return o, o.Check()
}

func (f *Flags) upkeep() (u Upkeep, err error) {
	if u.MaxBytes, err = limit.Size("--max-size", f.maxSize); err != nil {
		return u, err
	}
	if u.MaxAge, err = limit.Age("--max-age", f.maxAge); err != nil {
		return u, err
	}
	if u.ArchiveAge, err = limit.Age("--archive-after", f.archiveAge); err != nil {
		return u, err
	}
	if u.Archive = f.archive; u.Archive == "" && u.ArchiveAge != 0 {
		return u, errors.New("--archive-after needs a folder: --archive")
	}
	return u, nil
}

func ringBytes(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	digits, unit := s, uint64(1)
	switch s[len(s)-1] {
	case 'k', 'K':
		digits, unit = s[:len(s)-1], 1<<10
	case 'm', 'M':
		digits, unit = s[:len(s)-1], 1<<20
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if n *= unit; err != nil || n > math.MaxInt32 || n&(n-1) != 0 || n < uint64(os.Getpagesize()) {
		return 0, fmt.Errorf("--ring-size %q: it is a power of two of at least %d bytes, such as 4M", s, os.Getpagesize())
	}
	return int(n), nil
}
