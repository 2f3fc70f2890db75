// SPDX-License-Identifier: Apache-2.0

package where

import "errors"

var (
	// ErrExpression: a text is no expression over the fields of a record that
	// is true or false.
	ErrExpression = errors.New("bad expression")
	// ErrCost: an expression costs more than CostLimit for one record.
	ErrCost = errors.New("expression costs too much")
)
