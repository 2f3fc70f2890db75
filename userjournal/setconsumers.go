// SPDX-License-Identifier: Apache-2.0

package userjournal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A SetConsumer is a consumer of all shards of a set: each has its part under the
// same name, so that each keeps what is owed by itself.
type SetConsumer struct {
	Name             string
	Acknowledged     Position
	Created, Updated time.Time // the first, the last of its parts
	// Damaged says why a part cannot be read, or that it is missing. Of that
	// shard nothing counts as acknowledged.
	Damaged error
}

// SetConsumers are those of one set.
type SetConsumers struct {
	s *Set
}

// Consumers of the set.
func (s *Set) Consumers() *SetConsumers { return &SetConsumers{s} }

// List returns all of them, by name; also those of which a part is damaged.
func (c *SetConsumers) List() ([]SetConsumer, error) {
	found := map[string][]*Consumer{}
	for i, r := range c.s.shards {
		parts, err := r.Consumers().List()
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			if found[part.Name] == nil {
				found[part.Name] = make([]*Consumer, len(c.s.shards))
			}
			found[part.Name][i] = &part
		}
	}
	var all []SetConsumer
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, c.join(name, found[name]))
	}
	return all, nil
}

// join makes one consumer of its parts; nil is one that is missing.
func (c *SetConsumers) join(name string, parts []*Consumer) SetConsumer {
	one := SetConsumer{Name: name, Acknowledged: make(Position, len(parts))}
	for i, part := range parts {
		if part == nil {
			one.Damaged = errors.Join(one.Damaged, fmt.Errorf("%s: %w: there is no %q in this shard; remove it and add it again",
				c.s.dirs[i], ErrConsumer, name))
			continue
		}
		one.Acknowledged[i] = part.Acknowledged
		one.Damaged = errors.Join(one.Damaged, part.Damaged)
		if one.Created.IsZero() || part.Created.Before(one.Created) {
			one.Created = part.Created
		}
		if part.Updated.After(one.Updated) {
			one.Updated = part.Updated
		}
	}
	return one
}

// Get is [Consumers.Get].
func (c *SetConsumers) Get(name string) (SetConsumer, error) {
	parts := make([]*Consumer, len(c.s.shards))
	there := 0
	var missing error
	for i, r := range c.s.shards {
		part, err := r.Consumers().Get(name)
		switch {
		case err == nil:
			parts[i] = &part
			there++
		case errors.Is(err, ErrConsumer):
			missing = err
		default:
			return SetConsumer{}, err
		}
	}
	if there == 0 {
		return SetConsumer{}, missing
	}
	one := c.join(name, parts)
	return one, one.Damaged
}

// Add is [Consumers.Add]. Where a crash has kept an Add or a Remove from being
// finished it adds what is missing.
func (c *SetConsumers) Add(name string, acknowledged Position) error {
	return c.some(func(i int, part *Consumers) error {
		_, err := part.Add(name, acknowledged[i])
		return err
	})
}

// Remove is [Consumers.Remove].
func (c *SetConsumers) Remove(name string) error {
	return c.some(func(_ int, part *Consumers) error { return part.Remove(name) })
}

// some calls fn for the part of each shard. That it is ErrConsumer for some of
// them and not for others is what a crash leaves, and no error.
func (c *SetConsumers) some(fn func(i int, part *Consumers) error) error {
	var refused error
	done := false
	for i, r := range c.s.shards {
		err := fn(i, r.Consumers())
		switch {
		case err == nil:
			done = true
		case errors.Is(err, ErrConsumer):
			refused = err
		default:
			return err
		}
	}
	if done {
		return nil
	}
	return refused
}

// Acknowledge is [Consumers.Acknowledge] in each shard. A crash in between leaves
// some records acknowledged and others owed again.
func (c *SetConsumers) Acknowledge(name string, upto Position) error {
	return c.each(name, func(i int, part *Consumers) error {
		_, err := part.Acknowledge(name, upto[i])
		return err
	})
}

// Rewind is [Consumers.Rewind].
func (c *SetConsumers) Rewind(name string, to Position) error {
	return c.each(name, func(i int, part *Consumers) error {
		_, err := part.Rewind(name, to[i])
		return err
	})
}

func (c *SetConsumers) each(name string, fn func(i int, part *Consumers) error) error {
	if _, err := c.Get(name); err != nil {
		return err
	}
	for i, r := range c.s.shards {
		if err := fn(i, r.Consumers()); err != nil {
			return err
		}
	}
	return nil
}
