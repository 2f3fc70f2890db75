// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"vexj/cmd/internal/exit"
	"vexj/query"
	"vexj/query/where"
	"vexj/uapi"
)

// fieldFlags are conditions about what agents and the semantic layer say of a
// record.
type fieldFlags struct {
	categories, tags, flagWords []string
	transactions, chains        []uint
	minPriority                 string
	minRelevance                uint
	where                       string
}

func (f *fieldFlags) flags(fs *pflag.FlagSet) {
	fs.StringSliceVar(&f.categories, "category", nil, "records of these `categories` (repeatable)")
	fs.UintSliceVar(&f.transactions, "transaction", nil, "records of this `transaction` (repeatable)")
	fs.UintSliceVar(&f.chains, "chain", nil, "records of this causality `chain` (repeatable)")
	fs.StringArrayVar(&f.tags, "tag", nil, "records with this `tag` (repeatable)")
	fs.StringSliceVar(&f.flagWords, "flag", nil, "records with these event `flags`, all of them")
	fs.StringVar(&f.minPriority, "min-priority", "", "records of this `priority` or a more urgent one")
	fs.UintVar(&f.minRelevance, "min-relevance", 0, "records of this relevance `score` or a higher one")
	fs.StringVar(&f.where, "where", "", "records for which this CEL `expression` is true; help lists its fields")
}

func categoryWords() (words []string) {
	for _, c := range uapi.Categories() {
		words = append(words, c.String())
	}
	return words
}

func priorityWords() (words []string) {
	for p := uapi.PriorityCritical; p <= uapi.PriorityBackground; p++ {
		words = append(words, p.String())
	}
	return words
}

// add adds the conditions to c.
func (f *fieldFlags) add(c *query.Conditions) error {
	for _, word := range f.categories {
		category, ok := uapi.ParseCategory(word)
		if !ok {
			return exit.Usagef("--category is one of %s, not %q", strings.Join(categoryWords(), " "), word)
		}
		c.Categories = append(c.Categories, category)
	}
	for _, word := range f.flagWords {
		flag, ok := uapi.ParseFlag(word)
		if !ok {
			return exit.Usagef("--flag: there is no flag %q", word)
		}
		c.Flags |= flag
	}
	if f.minPriority != "" {
		for p := uapi.PriorityCritical; p <= uapi.PriorityBackground; p++ {
			if f.minPriority == p.String() || f.minPriority == fmt.Sprint(uint32(p)) {
				c.MinPriority = p
			}
		}
		if c.MinPriority == 0 {
			return exit.Usagef("--min-priority is %s or its number, not %q", strings.Join(priorityWords(), ", "), f.minPriority)
		}
	}
	c.Transactions, c.Chains, c.Tags = numbers(f.transactions), numbers(f.chains), f.tags
	c.MinRelevance = uint32(min(f.minRelevance, 1<<32-1))
	c.Where = f.where
	return nil
}

// whereHelp prints what an expression may use.
func whereHelp() error {
	return show(true, func(w *bufio.Writer) error {
		fmt.Fprint(w, `An expression is CEL (https://cel.dev) and is true of the records that are wanted:

  --where 'type == "write" && path.below("/etc") && uid != 0'
  --where 'failed && errno == "EACCES" && !comm.startsWith("systemd")'
  --where 'argv.exists(a, a == "--force") && time.getHours() < 6'
  --where 'session == 9223372036854775813u && duration > duration("10ms")'

What a record does not have is 0, "", false or empty. Besides CEL's own functions
there is path.below("/folder"): that folder or anything in it. One that costs more
than the limit for a record is stopped.

`)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, f := range where.Fields() {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", f.Name, f.Type, f.Doc)
		}
		return t.Flush()
	})
}
