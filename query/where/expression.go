// SPDX-License-Identifier: Apache-2.0

package where

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"vexj/uapi"
)

const (
	// CostLimit is what an expression may cost for one record, in the units of
	// CEL's cost model: about a comparison each.
	CostLimit = 100_000

	maxLength = 4096 // characters
	maxDepth  = 100  // of brackets within brackets
	maxNodes  = 4096 // after macros are expanded
	maxRegex  = 2048 // instructions
)

// environment is made when it is first needed: that takes milliseconds.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.ParserExpressionSizeLimit(maxLength),
		cel.ParserRecursionLimit(maxDepth),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxRegex),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.Function("below",
			cel.MemberOverload("string_below_string", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
				cel.BinaryBinding(below))),
	}
	for i := range fields {
		options = append(options, cel.Variable(fields[i].Name, fields[i].celType))
	}
	return cel.NewEnv(options...)
})

// below: a path is a folder, or in it at any depth.
func below(path, folder ref.Val) ref.Val {
	return types.Bool(isBelow(string(path.(types.String)), string(folder.(types.String))))
}

func isBelow(path, folder string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(folder, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

// An Expression is compiled CEL. Any number of goroutines may ask it.
type Expression struct {
	text    string
	program cel.Program
	plain   plain // instead of the program; nil: it is not so simple
	timed   bool
	spaces  sync.Pool // of *space
	failed  atomic.Pointer[error]
}

// Compile reads an expression. An error wraps ErrExpression or ErrCost.
func Compile(text string) (*Expression, error) {
	env, err := environment()
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, complaint(issues)
	}
	if t := checked.OutputType(); !t.IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("%w: its value is of type %s; it must be true or false", ErrExpression, t)
	}
	cost, err := env.EstimateCost(checked, sizes{})
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrExpression, err)
	}
	if cost.Min > CostLimit {
		return nil, fmt.Errorf("%w: %d at least, for each record, of at most %d; ask for less", ErrCost, cost.Min, CostLimit)
	}
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if cost.Max > CostLimit {
		options = append(options, cel.CostLimit(CostLimit))
	}
	e := &Expression{text: text, spaces: sync.Pool{New: func() any { return new(space) }}}
	if e.program, err = env.Program(checked, options...); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrExpression, err)
	}
	if cost.Max <= CostLimit {
		e.plain = plainOf(checked.NativeRep().Expr())
	}
	for _, r := range checked.NativeRep().ReferenceMap() {
		e.timed = e.timed || r.Name == timeField
	}
	return e, nil
}

// complaint is about the first mistake, with help for what is got wrong most.
func complaint(issues *cel.Issues) error {
	if len(issues.Errors()) == 0 {
		return fmt.Errorf("%w: %w", ErrExpression, issues.Err())
	}
	first := issues.Errors()[0]
	help := ""
	switch {
	case strings.Contains(first.Message, "no matching overload"):
		help = " (numbers that name something, as session and inode, are compared with 42u; others with 42)"
	case strings.Contains(first.Message, "undeclared reference"):
		help = " (`vexjctl log --where help` lists the fields)"
	}
	return fmt.Errorf("%w: line %d, column %d: %s%s", ErrExpression,
		first.Location.Line(), first.Location.Column()+1, first.Message, help)
}

// String is what was compiled.
func (e *Expression) String() string { return e.text }

// Timed reports whether the expression asks for the time of day, which the record
// alone does not tell.
func (e *Expression) Timed() bool { return e.timed }

// Err is why the expression takes no record any more: it wraps ErrCost. nil: it
// still does.
func (e *Expression) Err() error {
	if err := e.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Match reports whether the expression is true of the record, which is of the
// time t.
func (e *Expression) Match(r uapi.Record, t time.Time) bool {
	if e.plain != nil {
		return e.plain(r)
	}
	if e.failed.Load() != nil {
		return false
	}
	return e.interpret(r, t)
}

func (e *Expression) interpret(r uapi.Record, t time.Time) bool {
	s := e.spaces.Get().(*space)
	s.rec, s.time = r, t
	v, _, err := e.program.Eval(s)
	s.rec = nil
	e.spaces.Put(s)
	if err == nil {
		return v == types.True
	}
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) {
		e.fail()
	}
	return false
}

func (e *Expression) fail() {
	err := fmt.Errorf("%w: more than %d for one record, where it was stopped; ask for less", ErrCost, CostLimit)
	e.failed.CompareAndSwap(nil, &err)
}

// space is where an expression finds its names: the record.
type space struct {
	rec  uapi.Record
	time time.Time
}

func (s *space) ResolveName(name string) (any, bool) {
	f, ok := byName[name]
	if !ok {
		return nil, false
	}
	return f.get(s), true
}

func (s *space) Parent() interpreter.Activation { return nil }
