// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"vexj/bench/gen"
	"vexj/ring"
	"vexj/uapi"
	"vexj/userjournal"
)

// TestKernel mirrors what a BPF program makes on all CPUs at once, as fast as it
// can. It needs root, as the recorder does.
func TestKernel(t *testing.T) {
	for _, test := range []struct {
		name   string
		ring   int
		each   uint64 // records on a CPU
		full   gen.Full
		losing bool
	}{
		{"nothing lost", 1 << 20, 100_000, gen.Wait, false},
		{"ring much too small", 1 << 12, 200_000, gen.Lose, true},
		{"ring too small", 1 << 16, 200_000, gen.Lose, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			g, err := gen.New(test.ring, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			digest := sha256.New()
			s := mirrorKernel(t, dir, g, Options{Digest: digest, Journal: dir, Grace: time.Minute}, test.each, test.full)

			a := audit(t, dir)
			if !a.Sound() || len(a.Epochs) != 1 || !a.Epochs[0].Balanced() || !a.Epochs[0].Stopped {
				t.Fatalf("%d epochs, problems %v", len(a.Epochs), problems(a))
			}
			e, c := a.Epochs[0], g.Counters()
			if e.Attempted != c.Attempted+2 || e.Lost != sum(&c.Lost) || e.Records != c.Recorded+2 {
				t.Errorf("the journal has %d attempted, %d records, %d lost; the kernel counted %+v",
					e.Attempted, e.Records, e.Lost, c)
			}
			if made := uint64(len(g.CPUs())) * test.each; c.Attempted != made || test.losing != (e.Lost > 0) {
				t.Errorf("%d of %d were attempted, %d lost", c.Attempted, made, e.Lost)
			}
			if e.LostRecords > 1+e.Records/enough/2 && e.LostRecords > 50 {
				t.Errorf("%d LOST records among %d", e.LostRecords, e.Records)
			}
			if s.Stray != 0 || s.Malformed != 0 || e.Late != s.Late {
				t.Errorf("%d stray, %d malformed, %d late of which the journal shows %d", s.Stray, s.Malformed, s.Late, e.Late)
			}
			if !bytes.Equal(digest.Sum(nil), digestOf(t, dir)) {
				t.Error("the digest of the records drained is not that of the records journaled")
			}
			t.Logf("%d attempted, %d journaled, %d lost in %d LOST records, %d late, ring up to %d%% full",
				e.Attempted, e.Records, e.Lost, e.LostRecords, s.Late, s.MaxFill)
		})
	}
}

func mirrorKernel(t *testing.T, dir string, g *gen.Generator, o Options, each uint64, full gen.Full) Stats {
	t.Helper()
	w := create(t, dir, userjournal.Options{})
	rd, err := ring.NewReader(g.Rings())
	if err != nil {
		t.Fatal(err)
	}
	m := New(g, rd, w, o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	made := g.Run(ctx, each, full)
	cancel()
	if err := errors.Join(made, <-ended, w.Close(), rd.Close()); err != nil {
		t.Fatal(err)
	}
	return m.Stats()
}

// digestOf is that of all records but the mirror's own.
func digestOf(t *testing.T, dir string) []byte {
	t.Helper()
	r, err := userjournal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	digest := sha256.New()
	err = r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		switch rec.Type() {
		case uapi.SysLost, uapi.SysProducerStart, uapi.SysProducerStop:
		default:
			digest.Write(rec)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return digest.Sum(nil)
}
