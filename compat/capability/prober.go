// SPDX-License-Identifier: Apache-2.0

package capability

import (
	"context"
	"fmt"
	"sync"
)

// A Probe asks one question.
type Probe struct {
	Feature string
	Ask     func(context.Context) Finding
}

// Prober asks questions and remembers what is conclusive. It may be used by
// several goroutines; a question is asked by one of them at a time.
type Prober struct {
	probes []Probe

	mu    sync.Mutex
	known map[string]Finding
}

// New returns a Prober of these questions. Each feature should be there once:
// of two the first counts.
func New(probes ...Probe) *Prober {
	return &Prober{probes: probes, known: map[string]Finding{}}
}

// Kernel is the questions that the kernel itself answers.
func Kernel() []Probe {
	return []Probe{
		{"module", module},
		{"btf", typeInformation},
		{"bpf ring buffer", ringBuffer},
		{"raw tracepoints", rawTracepoints},
		{"fentry", fentry},
		{"fuse", fuse},
		{"fusermount3", fusermount},
		{"fuse passthrough", fusePassthrough},
		{"io_uring", uring},
	}
}

// All asks every question, in the order in which New got them.
func (p *Prober) All(ctx context.Context) []Finding {
	var all []Finding
	for _, q := range p.probes {
		all = append(all, p.ask(ctx, q))
	}
	return all
}

// Ask asks one question. A feature that nobody asks about is unknown.
func (p *Prober) Ask(ctx context.Context, feature string) Finding {
	for _, q := range p.probes {
		if q.Feature == feature {
			return p.ask(ctx, q)
		}
	}
	return Finding{Feature: feature, Status: Unknown, Why: fmt.Sprintf("nothing here asks for %q", feature)}
}

func (p *Prober) ask(ctx context.Context, q Probe) Finding {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, ok := p.known[q.Feature]; ok {
		return f
	}
	if err := ctx.Err(); err != nil {
		return Finding{Feature: q.Feature, Status: Unknown, Why: err.Error()}
	}
	f := q.Ask(ctx)
	f.Feature = q.Feature
	if f.Conclusive() {
		p.known[q.Feature] = f
	}
	return f
}
