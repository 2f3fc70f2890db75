// SPDX-License-Identifier: Apache-2.0

package params

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"vexj/agent/session"
	"vexj/internal/when"
	"vexj/query"
	"vexj/uapi"
)

// ErrParam: a parameter is unknown, or its value cannot be read.
var ErrParam = errors.New("bad parameter")

// maxValues bounds how many values a request may give.
const maxValues = 1000

// Names are all parameters of a filter.
func Names() []string {
	names := make([]string, 0, len(readers))
	for name := range readers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// reader takes the values of one parameter into the conditions.
type reader func(c *query.Conditions, values []string, now time.Time) error

var readers = map[string]reader{
	"type": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.Types, err = query.ParseTypes(words(values))
		return err
	},
	"category": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.Categories, err = each(words(values), category)
		return err
	},
	"path": func(c *query.Conditions, values []string, _ time.Time) error {
		c.Paths = values
		return nil
	},
	"comm": func(c *query.Conditions, values []string, _ time.Time) error {
		c.Commands = values
		return nil
	},
	"agent": func(c *query.Conditions, values []string, _ time.Time) error {
		c.Agents = values
		return nil
	},
	"tag": func(c *query.Conditions, values []string, _ time.Time) error {
		c.Tags = values
		return nil
	},
	"pid": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.PIDs, err = each(words(values), number[uint32])
		return err
	},
	"uid": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.UIDs, err = each(words(values), number[uint32])
		return err
	},
	"inode": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.Inodes, err = each(words(values), number[uint64])
		return err
	},
	"transaction": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.Transactions, err = each(words(values), number[uint64])
		return err
	},
	"chain": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.Chains, err = each(words(values), number[uint64])
		return err
	},
	"session": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.Sessions, err = each(values, func(s string) (uint64, error) { return session.ID(s), nil })
		return err
	},
	"flag": func(c *query.Conditions, values []string, _ time.Time) error {
		flags, err := each(words(values), flag)
		for _, f := range flags {
			c.Flags |= f
		}
		return err
	},
	"min-priority": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.MinPriority, err = one(values, priority)
		return err
	},
	"min-relevance": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.MinRelevance, err = one(values, number[uint32])
		return err
	},
	"since": func(c *query.Conditions, values []string, now time.Time) (err error) {
		c.Since, err = one(values, func(s string) (time.Time, error) { return when.Parse(s, now) })
		return err
	},
	"until": func(c *query.Conditions, values []string, now time.Time) (err error) {
		c.Until, err = one(values, func(s string) (time.Time, error) { return when.Parse(s, now) })
		return err
	},
	"failed": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.Failed, err = one(values, Bool)
		return err
	},
	"succeeded": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.Succeeded, err = one(values, Bool)
		return err
	},
	"where": func(c *query.Conditions, values []string, _ time.Time) (err error) {
		c.Where, err = one(values, func(s string) (string, error) { return s, nil })
		return err
	},
}

// Conditions reads those of a filter. Names in also are somebody else's, and are
// left alone. Errors wrap [ErrParam].
func Conditions(v url.Values, now time.Time, also ...string) (query.Conditions, error) {
	var c query.Conditions
	count := 0
	for _, name := range sorted(v) {
		read, known := readers[name]
		count += len(v[name])
		switch {
		case count > maxValues:
			return c, fmt.Errorf("%w: more than %d values; give a pattern, or an expression with where", ErrParam, maxValues)
		case known:
			if err := read(&c, v[name], now); err != nil {
				return c, fmt.Errorf("%w %s: %w", ErrParam, name, err)
			}
		case !slices.Contains(also, name):
			return c, fmt.Errorf("%w: there is no %q; there are %s", ErrParam, name, strings.Join(append(Names(), also...), ", "))
		}
	}
	return c, nil
}

// sorted: of several errors always the same is told.
func sorted(v url.Values) []string {
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// words are the values with those apart that have commas between them.
func words(values []string) (all []string) {
	for _, v := range values {
		all = append(all, strings.Split(v, ",")...)
	}
	return all
}

func each[T any](values []string, parse func(string) (T, error)) (all []T, err error) {
	for _, v := range values {
		x, err := parse(v)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, nil
}

func one[T any](values []string, parse func(string) (T, error)) (x T, err error) {
	if len(values) != 1 {
		return x, fmt.Errorf("it is given %d times; give it once", len(values))
	}
	return parse(values[0])
}

func number[T uint32 | uint64](s string) (T, error) {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil || uint64(T(n)) != n {
		return 0, fmt.Errorf("%q is no number of %d bits", s, 8*sizeOf[T]())
	}
	return T(n), nil
}

func sizeOf[T uint32 | uint64]() int {
	if ^T(0) == T(1<<32-1) {
		return 4
	}
	return 8
}

// Bool reads a switch: a name without a value is on.
func Bool(s string) (bool, error) {
	switch s {
	case "", "1", "true", "yes":
		return true, nil
	case "0", "false", "no":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", s)
}

func category(s string) (uapi.Category, error) {
	if c, ok := uapi.ParseCategory(s); ok {
		return c, nil
	}
	return 0, fmt.Errorf("there is no category %q", s)
}

func flag(s string) (uapi.Flags, error) {
	for bit := range 32 {
		if f := uapi.Flags(1) << bit; f.String() == s {
			return f, nil
		}
	}
	return 0, fmt.Errorf("there is no flag %q", s)
}

func priority(s string) (uapi.Priority, error) {
	for p := uapi.PriorityCritical; p <= uapi.PriorityBackground; p++ {
		if p.String() == s {
			return p, nil
		}
	}
	n, err := number[uint32](s)
	if err != nil || n < 1 || n > uint32(uapi.PriorityBackground) {
		return 0, fmt.Errorf("%q is no priority; they are %d (critical) to %d (background)", s, uapi.PriorityCritical, uapi.PriorityBackground)
	}
	return uapi.Priority(n), nil
}
