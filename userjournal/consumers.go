// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
)

var (
	// ErrConsumer: there is no consumer of that name, or there is one already,
	// or nobody can have that name.
	ErrConsumer = errors.New("bad consumer")
	// ErrBusy: another process holds what is needed for a moment only, and has
	// held it for long.
	ErrBusy = errors.New("busy")
)

// Consumers are those of one journal. Each has a file in its directory, which is
// replaced as a whole: written beside, synced, renamed. Any number of processes
// may use them; they take turns with a lock that is held for a few
// milliseconds.
type Consumers struct {
	r *Reader
}

// Consumers of the journal.
func (r *Reader) Consumers() *Consumers { return &Consumers{r} }

// List returns all of them, by name; also those with a file that is damaged.
func (c *Consumers) List() ([]Consumer, error) {
	names, err := c.r.fs.ReadDir(c.r.dir)
	if err != nil {
		return nil, err
	}
	var all []Consumer
	for _, file := range names {
		name, ok := strings.CutSuffix(file, consumerSuffix)
		if !ok || !consumerName.MatchString(name) {
			continue
		}
		one, err := c.read(name)
		switch {
		case notExist(err): // removed meanwhile
		case err != nil:
			return nil, err
		default:
			all = append(all, one)
		}
	}
	return all, nil
}

// Get returns one. The error is ErrConsumer if there is none, and ErrDamaged if
// its file cannot be read.
func (c *Consumers) Get(name string) (Consumer, error) {
	if err := checkName(name); err != nil {
		return Consumer{}, err
	}
	one, err := c.read(name)
	if notExist(err) {
		return one, fmt.Errorf("%w: there is no %q; `vexjctl journal consumers add` makes one", ErrConsumer, name)
	}
	if err == nil && one.Damaged != nil {
		err = fmt.Errorf("consumer %q: %w; remove it and add it again", name, one.Damaged)
	}
	return one, err
}

// Add registers a consumer that is owed every record behind the ordinal.
func (c *Consumers) Add(name string, acknowledged uint64) (Consumer, error) {
	if err := checkName(name); err != nil {
		return Consumer{}, err
	}
	now := time.Now()
	one := Consumer{Name: name, Acknowledged: acknowledged, Created: now, Updated: now}
	return one, c.locked(func() error {
		if _, err := c.read(name); !notExist(err) {
			return errors.Join(err, fmt.Errorf("%w: there is a %q already", ErrConsumer, name))
		}
		if err := c.check(acknowledged); err != nil {
			return err
		}
		return c.write(&one)
	})
}

// Remove forgets a consumer: nothing is kept for it any more.
func (c *Consumers) Remove(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	return c.locked(func() error {
		err := c.r.fs.Remove(c.path(name))
		if notExist(err) {
			return fmt.Errorf("%w: there is no %q", ErrConsumer, name)
		}
		return errors.Join(err, c.r.fs.SyncDir(c.r.dir))
	})
}

// Acknowledge notes that the consumer is done with all records up to the
// ordinal. Those are on the disk when it returns, and the note is: a power cut
// cannot take a record away that a consumer has acknowledged, and give its
// ordinal to another. An ordinal before the last one that was acknowledged
// changes nothing.
func (c *Consumers) Acknowledge(name string, ordinal uint64) (one Consumer, err error) {
	err = c.locked(func() error {
		if one, err = c.Get(name); err != nil || ordinal <= one.Acknowledged {
			return err
		}
		if err := c.check(ordinal); err != nil {
			return err
		}
		if err := c.r.syncUpTo(one.Acknowledged, ordinal); err != nil {
			return err
		}
		one.Acknowledged, one.Updated = ordinal, time.Now()
		return c.write(&one)
	})
	return one, err
}

// Rewind makes the consumer owed what it had acknowledged behind the ordinal.
func (c *Consumers) Rewind(name string, ordinal uint64) (one Consumer, err error) {
	err = c.locked(func() error {
		if one, err = c.Get(name); err != nil || ordinal >= one.Acknowledged {
			return err
		}
		one.Acknowledged, one.Updated = ordinal, time.Now()
		return c.write(&one)
	})
	return one, err
}

func checkName(name string) error {
	if !consumerName.MatchString(name) {
		return fmt.Errorf("%w %q: a name has up to 64 letters, digits, dots, - and _, and does not begin with a dot or -", ErrConsumer, name)
	}
	return nil
}

// check: who acknowledges what is not there yet would miss it when it comes.
func (c *Consumers) check(ordinal uint64) error {
	last, err := c.r.LastOrdinal()
	if err == nil && ordinal > last {
		err = fmt.Errorf("ordinal %d: %w: the last one is %d", ordinal, ErrNotFound, last)
	}
	return err
}

func (c *Consumers) path(name string) string { return filepath.Join(c.r.dir, name+consumerSuffix) }

const maxConsumerFile = 4 << 10

func (c *Consumers) read(name string) (Consumer, error) {
	one := Consumer{Name: name}
	b, err := readSmall(c.r.fs, c.path(name), maxConsumerFile)
	if err != nil {
		return one, err
	}
	journal, err := one.decode(b)
	if err == nil && journal != c.r.journal {
		err = damaged("it is of the journal %x", journal)
	}
	if one.Damaged = err; err != nil {
		one.Acknowledged = 0
	}
	return one, nil
}

func (c *Consumers) write(one *Consumer) error {
	return replaceFile(c.r.fs, c.path(one.Name), one.encode(c.r.journal))
}

// locked calls fn while no other process changes consumers or decides which
// segments go.
func (c *Consumers) locked(fn func() error) error { return c.r.lockConsumers(fn) }

const lockWait = 10 * time.Second

func (r *Reader) lockConsumers(fn func() error) error { return lockConsumers(r.fs, r.dir, fn) }

func lockConsumers(fsys FS, dir string, fn func() error) error {
	var lock io.Closer
	for end, pause := time.Now().Add(lockWait), time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		var err error
		if lock, err = fsys.Lock(filepath.Join(dir, consumersLock)); err == nil {
			break
		}
		if !errors.Is(err, ErrLocked) {
			return err
		}
		if time.Now().After(end) {
			var by *LockedError
			errors.As(err, &by)
			return fmt.Errorf("%w: process %d holds the consumers of %s for more than %v; end it if it hangs", ErrBusy, by.PID, dir, lockWait)
		}
		time.Sleep(pause)
	}
	return errors.Join(fn(), lock.Close())
}

// syncUpTo makes the records behind one ordinal and up to another durable,
// whoever writes them.
func (r *Reader) syncUpTo(behind, ordinal uint64) error {
	names, _, err := listSegments(r.fs, r.dir)
	if err != nil {
		return err
	}
	for i, name := range names {
		first, _ := ParseSegmentName(name)
		if first > ordinal {
			break
		}
		if i+1 < len(names) {
			if next, _ := ParseSegmentName(names[i+1]); next <= behind+1 {
				continue
			}
		}
		f, err := r.fs.Open(filepath.Join(r.dir, name))
		if notExist(err) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return r.fs.SyncDir(r.dir)
}
