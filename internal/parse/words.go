// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"fmt"
	"strconv"

	"vexj/internal/render"
	"vexj/uapi"
)

// word finds the value below a limit that a word stands for, or takes it for its number.
func word[T ~uint32](v value, limit T) (T, error) {
	s, err := v.text()
	if err != nil {
		return 0, err
	}
	for w := range limit {
		if fmt.Sprint(w) == s {
			return w, nil
		}
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s is no word for it", excerpt(v))
	}
	return T(n), nil
}

// fewWords is more than any of these types has.
const fewWords = 16

func (v value) eventType() (uapi.Type, error) {
	s, err := v.text()
	if err != nil {
		return 0, err
	}
	if t, ok := uapi.ParseType(s); ok {
		return t, nil
	}
	n, err := hexadecimal(s)
	if err != nil || n > 1<<32-1 {
		return 0, fmt.Errorf("%s is no type of a record", excerpt(v))
	}
	return uapi.Type(n), nil
}

func (v value) eventFlags() (f uapi.Flags, err error) {
	err = v.elements(func(v value) error {
		s, err := v.text()
		if err != nil {
			return err
		}
		one, ok := uapi.ParseFlag(s)
		if !ok {
			n, err := hexadecimal(s)
			if err != nil || n > 1<<32-1 {
				return fmt.Errorf("%s is no event flag", excerpt(v))
			}
			one = uapi.Flags(n)
		}
		f |= one
		return nil
	})
	return f, err
}

// bits are the words of an array, each of which stands for a bit or more.
func (v value) bits(words map[string]uint32) (n uint32, err error) {
	err = v.elements(func(v value) error {
		s, err := v.text()
		if err != nil {
			return err
		}
		bits, ok := words[s]
		if !ok {
			more, err := hexadecimal(s)
			if err != nil || more > 1<<32-1 {
				return fmt.Errorf("%s is none of its words", excerpt(v))
			}
			bits = uint32(more)
		}
		n |= bits
		return nil
	})
	return n, err
}

// lock is the command of one.
func lock(v value) (uint32, error) {
	s, err := v.text()
	if err != nil {
		return 0, err
	}
	for n := range uint32(fewWords) {
		if k := (uapi.Lock{Command: n}); k.CommandName() == s && s != "" {
			return n, nil
		}
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s is no command of a lock", excerpt(v))
	}
	return uint32(n), nil
}

// producer is one by its word or its number.
func producer(v value) (uapi.Producer, error) {
	s, err := v.text()
	if err != nil {
		return 0, err
	}
	if p, ok := uapi.ParseProducer(s); ok {
		return p, nil
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s is no producer", excerpt(v))
	}
	return uapi.Producer(n), nil
}

var (
	openWords    = render.OpenWords()
	searchWords  = render.SearchWords()
	removedWords = render.RemovedWords()
)
