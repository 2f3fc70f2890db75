// SPDX-License-Identifier: Apache-2.0

package storm

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"

	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// ErrAccount is what Run's errors wrap when the journal does not account for
// everything that was done.
var ErrAccount = errors.New("the journal does not account for the storm")

// A Tally is the account of a storm, by its journal.
type Tally struct{ Attempted, Journaled, Lost uint64 }

func (t Tally) String() string {
	return fmt.Sprintf("attempted %d = journaled %d + lost %d", t.Attempted, t.Journaled, t.Lost)
}

// Run lets Processes processes do operations, that many together, in folders
// under dir, an empty one, while the producer that open makes is recorded into
// a journal there. Each operation must be a record of the journal or one of its
// losses, and the records must be, byte for byte, those that came out of the
// rings.
func Run(open Open, dir string, operations, ringBytes int) (Tally, error) {
	pack, err := gather(dir, operations/Processes)
	if err != nil {
		return Tally{}, err
	}
	defer pack.kill()
	journal := filepath.Join(dir, "journal")
	digest := sha256.New()
	stop, err := record(open, journal, ringBytes, digest, uapi.Filter{TGIDTree: pack.pids(), PathPrefixes: []string{dir}})
	if err != nil {
		return Tally{}, err
	}
	err = pack.release()
	if err == nil {
		err = pack.wait()
	}
	if err = errors.Join(err, stop()); err != nil {
		return Tally{}, err
	}
	// START and STOP are numbered as well.
	return account(journal, uint64(operations/Processes*Processes)+2, digest.Sum(nil))
}

// account holds the journal to what was done.
func account(journal string, want uint64, drained []byte) (Tally, error) {
	r, err := userjournal.Open(journal)
	if err != nil {
		return Tally{}, err
	}
	defer r.Close()
	a, err := check(r)
	if err != nil {
		return Tally{}, err
	}
	if len(a.Epochs) != 1 || !a.Epochs[0].Stopped {
		return Tally{}, fmt.Errorf("%w: %d runs, want one that ended", ErrAccount, len(a.Epochs))
	}
	e := a.Epochs[0]
	t := Tally{e.Attempted, e.Records, e.Lost}
	if e.Attempted != want || e.Records+e.Lost != want || e.Missing != 0 {
		return t, fmt.Errorf("%w: attempted %d, journaled %d, lost %d, missing %d; want %d = journaled + lost",
			ErrAccount, e.Attempted, e.Records, e.Lost, e.Missing, want)
	}
	got, err := digestOf(r)
	if err == nil && !bytes.Equal(got, drained) {
		err = fmt.Errorf("%w: SHA-256 of its records is %x, of those drained from the rings %x", ErrAccount, got, drained)
	}
	return t, err
}

// check verifies the journal and returns its account. The error has every
// problem of both.
func check(r *userjournal.Reader) (*query.Account, error) {
	var errs []error
	if _, err := r.Verify(func(p userjournal.Problem) { errs = append(errs, fmt.Errorf("verify: %v", p)) }); err != nil {
		return nil, err
	}
	a, err := query.Audit(r)
	if err != nil {
		return nil, err
	}
	for _, e := range a.Epochs {
		for _, p := range e.Problems {
			errs = append(errs, fmt.Errorf("run of %v: %v", e.Producer, p))
		}
	}
	return a, errors.Join(errs...)
}

// digestOf is the digest of the records that came from a ring.
func digestOf(r *userjournal.Reader) ([]byte, error) {
	h := sha256.New()
	err := r.Scan(userjournal.ScanOptions{}, func(_ uint64, rec uapi.Record) error {
		switch rec.Type() {
		case uapi.SysLost, uapi.SysProducerStart, uapi.SysProducerStop:
		default:
			h.Write(rec)
		}
		return nil
	})
	return h.Sum(nil), err
}
