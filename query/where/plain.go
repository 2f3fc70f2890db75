// SPDX-License-Identifier: Apache-2.0

package where

import (
	"cmp"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"vexj/uapi"
)

// A plain expression is one that needs no interpreter: fields that are compared with
// constants, joined by && and || and !. Nothing in it can fail, and nearly all that
// people write is one. It is true where CEL says so, at a fraction of the cost.
type plain func(uapi.Record) bool

// plainOf is nil for what is none.
func plainOf(e ast.Expr) plain {
	switch e.Kind() {
	case ast.IdentKind:
		of, _ := fieldOf(e).(func(uapi.Record) bool)
		return of
	case ast.CallKind:
		return plainCall(e.AsCall())
	}
	return nil
}

// fieldOf is how to get the value of a field, if the expression is one.
func fieldOf(e ast.Expr) any {
	if e.Kind() != ast.IdentKind {
		return nil
	}
	f, ok := byName[e.AsIdent()]
	if !ok {
		return nil
	}
	return f.of
}

func plainCall(c ast.CallExpr) plain {
	args := c.Args()
	if c.IsMemberFunction() {
		return plainText(c.FunctionName(), c.Target(), args)
	}
	switch c.FunctionName() {
	case operators.LogicalNot:
		if p := plainOf(args[0]); p != nil {
			return func(r uapi.Record) bool { return !p(r) }
		}
	case operators.LogicalAnd:
		if p, q := plainOf(args[0]), plainOf(args[1]); p != nil && q != nil {
			return func(r uapi.Record) bool { return p(r) && q(r) }
		}
	case operators.LogicalOr:
		if p, q := plainOf(args[0]), plainOf(args[1]); p != nil && q != nil {
			return func(r uapi.Record) bool { return p(r) || q(r) }
		}
	case operators.In:
		return plainIn(args[0], args[1])
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return plainComparison(c.FunctionName(), args[0], args[1])
	}
	return nil
}

// plainComparison is of a field with a constant that has its very type.
func plainComparison(operator string, field, constant ast.Expr) plain {
	if constant.Kind() != ast.LiteralKind {
		return nil
	}
	switch of := fieldOf(field).(type) {
	case func(uapi.Record) string:
		if v, ok := constant.AsLiteral().(types.String); ok {
			return compare(operator, of, string(v))
		}
	case func(uapi.Record) int64:
		if v, ok := constant.AsLiteral().(types.Int); ok {
			return compare(operator, of, int64(v))
		}
	case func(uapi.Record) uint64:
		if v, ok := constant.AsLiteral().(types.Uint); ok {
			return compare(operator, of, uint64(v))
		}
	}
	return nil
}

func compare[T cmp.Ordered](operator string, of func(uapi.Record) T, v T) plain {
	switch operator {
	case operators.Equals:
		return func(r uapi.Record) bool { return of(r) == v }
	case operators.NotEquals:
		return func(r uapi.Record) bool { return of(r) != v }
	case operators.Less:
		return func(r uapi.Record) bool { return of(r) < v }
	case operators.LessEquals:
		return func(r uapi.Record) bool { return of(r) <= v }
	case operators.Greater:
		return func(r uapi.Record) bool { return of(r) > v }
	}
	return func(r uapi.Record) bool { return of(r) >= v }
}

// plainText is a method of a text, which is given a constant.
func plainText(method string, field ast.Expr, args []ast.Expr) plain {
	of, ok := fieldOf(field).(func(uapi.Record) string)
	if !ok || len(args) != 1 || args[0].Kind() != ast.LiteralKind {
		return nil
	}
	v, ok := args[0].AsLiteral().(types.String)
	if !ok {
		return nil
	}
	text := string(v)
	switch method {
	case "startsWith":
		return func(r uapi.Record) bool { return strings.HasPrefix(of(r), text) }
	case "endsWith":
		return func(r uapi.Record) bool { return strings.HasSuffix(of(r), text) }
	case "contains":
		return func(r uapi.Record) bool { return strings.Contains(of(r), text) }
	case "below":
		return func(r uapi.Record) bool { return isBelow(of(r), text) }
	}
	return nil
}

// plainIn is a text in a list of constants, or a constant in a list that a record
// has.
func plainIn(element, list ast.Expr) plain {
	if of, ok := fieldOf(list).(func(uapi.Record) []string); ok && element.Kind() == ast.LiteralKind {
		if v, ok := element.AsLiteral().(types.String); ok {
			return func(r uapi.Record) bool { return slices.Contains(of(r), string(v)) }
		}
	}
	of, ok := fieldOf(element).(func(uapi.Record) string)
	if !ok || list.Kind() != ast.ListKind {
		return nil
	}
	var words []string
	for _, e := range list.AsList().Elements() {
		if e.Kind() != ast.LiteralKind {
			return nil
		}
		v, ok := e.AsLiteral().(types.String)
		if !ok {
			return nil
		}
		words = append(words, string(v))
	}
	return func(r uapi.Record) bool { return slices.Contains(words, of(r)) }
}
