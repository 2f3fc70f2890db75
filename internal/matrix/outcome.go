// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
)

// The verdicts, the better ones first.
const (
	pass   = "pass"
	skip   = "skip"
	hole   = "hole"
	none   = "none"
	failed = "FAIL"
)

// An outcome is what became of one row.
type outcome struct {
	Producer   string `json:"producer"`
	Filesystem string `json:"filesystem"`
	Row        string `json:"row"`
	Verdict    string `json:"verdict"`
	Why        string `json:"why,omitempty"`

	kernel string // the collector's
}

// done is the row that ends a machine's outcomes: without it some are missing.
const done = "(done)"

func (o outcome) write(w io.Writer) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", b)
	return err
}
