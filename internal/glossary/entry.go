// SPDX-License-Identifier: Apache-2.0

package glossary

import "strings"

// Kind is what sort of word an entry explains.
type Kind string

const (
	Field    Kind = "field"    // of the JSON object, with a dot before a member
	Type     Kind = "type"     // of a record
	Flag     Kind = "flag"     // one of the event flags
	Producer Kind = "producer" // of records
	Cause    Kind = "cause"    // of a loss
)

// An Entry explains one word. What follows Doc is of fields alone.
type Entry struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	Doc  string `json:"meaning"` // a sentence or two

	// Type is that of the value in JSON: string, number, bool, array or object.
	Type string `json:"type,omitempty"`
	// Unit is of a number, or says how a string is written; "" if it has none.
	Unit string `json:"unit,omitempty"`
	// By is what fills it in: producers, or a word of Makers that stands for
	// several.
	By []string `json:"filled_by,omitempty"`
	// Example is a value, in JSON.
	Example string `json:"example,omitempty"`
	// Where is its name in an expression, and Expression one that uses it.
	Where      string `json:"where,omitempty"`
	Expression string `json:"expression,omitempty"`
	// Option is the flag of log that asks for it.
	Option string `json:"option,omitempty"`
}

// Group is the name of the object that the field is a member of, "" if of none.
func (e *Entry) Group() string {
	group, _, inside := strings.Cut(e.Name, ".")
	if !inside {
		return ""
	}
	return group
}

// Makers are words for several producers, and for what makes fields without being
// one.
var Makers = map[string]string{
	"all":      "all producers",
	"kernel":   "kmod, bpf-vfs, bpf-syscall",
	"emitted":  "programs that emit records (agent, /dev/vexj)",
	"recorder": "the recorder, in the producer's name",
	"convert":  "convert, of legacy files",
	"reader":   "what shows the record",
}

// Entries are all of them: the fields in the order of the object, and the words.
func Entries() []Entry { return entries }

var entries = join()

func join() (all []Entry) {
	all = append(all, header...)
	all = append(all, operation...)
	all = append(all, meaning...)
	for _, list := range []struct {
		kind  Kind
		words []word
	}{{Type, types}, {Flag, flags}, {Producer, producers}, {Cause, causes}} {
		for _, w := range list.words {
			all = append(all, Entry{Name: w.name, Kind: list.kind, Doc: w.doc})
		}
	}
	return all
}

// A word is an entry that is no field.
type word struct{ name, doc string }

// field begins an entry; by has spaces between what fills it in.
func field(name, typ, unit, by, example, doc string) Entry {
	return Entry{Name: name, Kind: Field, Type: typ, Unit: unit, By: strings.Fields(by), Example: example, Doc: doc}
}

// as says how an expression calls the field.
func (e Entry) as(where, expression string) Entry {
	e.Where, e.Expression = where, expression
	return e
}

// asked says which flag of log asks for the field.
func (e Entry) asked(option string) Entry {
	e.Option = option
	return e
}

var byWhere = func() map[string]*Entry {
	m := map[string]*Entry{}
	for i := range entries {
		if e := &entries[i]; e.Where != "" {
			m[e.Where] = e
		}
	}
	return m
}()

// Where returns the entry of a name in an expression, nil if there is none.
func Where(name string) *Entry { return byWhere[name] }
