// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"encoding/hex"
	"fmt"
	"strings"

	"vexj/uapi"
)

// attr adds the attribute that a member is of.
func (p *Parser) attr(name string, v value) error {
	b := p.b
	switch name {
	case "argv":
		return p.list(uapi.AttrArgv, name, v, "\x00")
	case "declared":
		return p.list(uapi.AttrDeclared, name, v, "\x00")
	case "uncovered":
		return p.list(uapi.AttrCoverage, name, v, "\n")
	case "value", "legacy_fix":
		raw, err := v.base64()
		b.AddBytes(tagOf[name], raw)
		return err
	case "vector_metric":
		m, err := word(v, uapi.Metric(fewWords))
		b.AddU32(uapi.AttrVectorMetric, uint32(m))
		return err
	case "results":
		return p.results(v)
	}
	if fn, ok := structures[name]; ok {
		return fn(b, v)
	}
	if tag, ok := number(name); ok {
		raw, err := v.base64()
		b.AddBytes(tag, raw)
		return err
	}
	return p.scalar(name, v)
}

// tagOf are the tags by what they are called in objects.
var tagOf = func() map[string]uapi.Tag {
	m := map[string]uapi.Tag{}
	for _, t := range uapi.Tags() {
		m[strings.ReplaceAll(t.String(), "-", "_")] = t
	}
	return m
}()

// scalar adds an attribute that is a number or a text.
func (p *Parser) scalar(name string, v value) error {
	tag, ok := tagOf[name]
	if !ok {
		return errUnknown
	}
	switch size, fixed := tag.Size(); {
	case !fixed:
		raw, given := p.bytes[name]
		if !given {
			s, err := v.text()
			if err != nil {
				return err
			}
			raw = []byte(s)
		}
		p.b.AddBytes(tag, raw)
		return nil
	case size == 4:
		n, err := v.u32()
		p.b.AddU32(tag, n)
		return err
	case size == 8:
		n, err := v.u64()
		p.b.AddU64(tag, n)
		return err
	}
	return errUnknown // a structure, which is not called so
}

// list adds texts with a separator between them.
func (p *Parser) list(tag uapi.Tag, name string, v value, sep string) error {
	if raw, ok := p.bytes[name]; ok {
		p.b.AddBytes(tag, raw)
		return nil
	}
	var b []byte
	last := ""
	err := v.elements(func(v value) (err error) {
		if last, err = v.text(); err == nil && strings.Contains(last, sep) {
			err = fmt.Errorf("%s has what is between two of them", excerpt(v))
		}
		b = append(append(b, last...), sep...)
		return err
	})
	// An empty one at the end is nothing but what ends it.
	if last != "" {
		b = b[:len(b)-len(sep)]
	}
	p.b.AddBytes(tag, b)
	return err
}

func (p *Parser) results(v value) error {
	var all []uapi.Result
	err := v.elements(func(v value) error {
		var r uapi.Result
		err := v.members(func(name string, v value) (err error) {
			switch name {
			case "id":
				r.ID, err = v.u64()
			case "distance":
				r.Distance, err = v.float()
			default:
				err = errUnknown
			}
			return err
		})
		all = append(all, r)
		return err
	})
	if len(all) > uapi.MaxResults {
		return fmt.Errorf("%d of them, of at most %d", len(all), uapi.MaxResults)
	}
	p.b.AddResults(all)
	return err
}

func uuid(v value) (id [16]byte, err error) {
	s, err := v.text()
	if err != nil {
		return id, err
	}
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("%s is no UUID", excerpt(v))
	}
	return [16]byte(b), nil
}

// pair is two numbers with a colon between them.
func pair(v value) (a, b uint32, err error) {
	s, err := v.text()
	if err != nil {
		return 0, 0, err
	}
	first, second, ok := strings.Cut(s, ":")
	if ok {
		if a, err = value(first).u32(); err == nil {
			b, err = value(second).u32()
		}
	}
	if !ok || err != nil {
		return 0, 0, fmt.Errorf("%s is no MAJOR:MINOR", excerpt(v))
	}
	return a, b, nil
}
