// SPDX-License-Identifier: Apache-2.0

package where

import (
	"cel.dev/cel-go/common/cost"

	"vexj/uapi"
)

// sizes tells CEL's estimate how long what a record has may be: in bytes, or
// elements.
type sizes struct{}

func (sizes) EstimateCallCost(function, _ string, _ *cost.AstNode, args []cost.AstNode) *cost.CallEstimate {
	if function != "below" {
		return nil
	}
	return &cost.CallEstimate{CostEstimate: cost.Estimate{Min: 1, Max: uapi.MaxPath / 10}}
}

func (sizes) EstimateSize(element cost.AstNode) *cost.SizeEstimate {
	path := element.Path()
	if len(path) == 0 {
		return nil
	}
	f, ok := byName[path[0]]
	if !ok || f.size == 0 {
		return nil
	}
	n := f.size
	if len(path) > 1 {
		n = f.element
	}
	return &cost.SizeEstimate{Min: 0, Max: n}
}
