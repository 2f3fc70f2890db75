// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"vexj/query"
	"vexj/uapi"
	"vexj/userjournal"
)

// A question is asked of the journal; it returns how many records answer it.
type question struct {
	name string
	slow bool // it reads all of the journal: once will do
	ask  func(r *userjournal.Reader, random *rand.Rand) (int, error)
}

var questions = []question{
	{"path", false, func(r *userjournal.Reader, random *rand.Rand) (int, error) {
		return count(r, query.Conditions{Paths: []string{pathOf(random.IntN(files))}})
	}},
	{"directory", false, func(r *userjournal.Reader, random *rand.Rand) (int, error) {
		return count(r, query.Conditions{Paths: []string{parent(pathOf(random.IntN(files)))}})
	}},
	{"inode", false, func(r *userjournal.Reader, random *rand.Rand) (int, error) {
		return count(r, query.Conditions{Inodes: []uint64{inodeOf(random.IntN(files))}})
	}},
	{"session", false, func(r *userjournal.Reader, random *rand.Rand) (int, error) {
		return count(r, query.Conditions{Sessions: []uint64{uint64(1 + random.IntN(*records/recordsOfRun))}})
	}},
	{"blame", false, func(r *userjournal.Reader, random *rand.Rand) (int, error) {
		b, err := query.Inquire(r, query.All).Blame(pathOf(random.IntN(files)), query.BlameOptions{})
		if errors.Is(err, query.ErrNotFound) {
			return 0, nil // no session came to that file
		}
		if err != nil {
			return 0, err
		}
		return len(b.Writers), nil
	}},
	{"session-show", false, func(r *userjournal.Reader, random *rand.Rand) (int, error) {
		s, err := query.Inquire(r, query.All).Session(uint64(1 + random.IntN(*records/recordsOfRun-cpus)))
		if err != nil {
			return 0, err
		}
		return int(s.Records), nil
	}},
	{"why", false, func(r *userjournal.Reader, random *rand.Rand) (int, error) {
		w, err := query.Inquire(r, query.All).Why(idBase + uint64(1+random.IntN(*records)))
		if err != nil {
			return 0, err
		}
		return 1 + len(w.Causes), nil
	}},
	{"impact", false, func(r *userjournal.Reader, random *rand.Rand) (int, error) {
		q := query.Inquire(r, query.All)
		e, err := q.Find(idBase + uint64(1+random.IntN(*records)))
		if err != nil {
			return 0, err
		}
		i, err := q.Impact(e.Rec.RootCause(), 0)
		if err != nil {
			return 0, err
		}
		return len(i.Effects), nil
	}},
	{"report", true, func(r *userjournal.Reader, _ *rand.Rand) (int, error) {
		report, err := query.Inquire(r, query.All).Report(query.Conditions{}, query.ReportOptions{By: query.ByAgent})
		if err != nil {
			return 0, err
		}
		return len(report.Rows), nil
	}},
	{"nothing", false, func(r *userjournal.Reader, _ *rand.Rand) (int, error) {
		return count(r, query.Conditions{Paths: []string{"/no/such/path"}})
	}},
	{"id", false, func(r *userjournal.Reader, random *rand.Rand) (int, error) {
		_, _, err := r.Find(idBase + uint64(1+random.IntN(*records)))
		return 1, err
	}},
	{"ordinal", false, func(r *userjournal.Reader, random *rand.Rand) (int, error) {
		_, err := r.Get(uint64(1 + random.IntN(*records)))
		return 1, err
	}},
	{"agent", true, func(r *userjournal.Reader, random *rand.Rand) (int, error) {
		return count(r, query.Conditions{Agents: []string{agentOf(random.Uint64N(1000))}})
	}},
	{"info", false, func(r *userjournal.Reader, _ *rand.Rand) (int, error) {
		_, err := r.Info()
		return 1, err
	}},
	{"all", true, func(r *userjournal.Reader, _ *rand.Rand) (int, error) { return count(r, query.Conditions{}) }},
	{"verify", true, func(r *userjournal.Reader, _ *rand.Rand) (int, error) {
		report, err := r.Verify(nil)
		if err == nil && !report.OK() {
			err = errors.New("it does not verify")
		}
		return int(report.Records), err
	}},
	{"account", true, func(r *userjournal.Reader, _ *rand.Rand) (int, error) {
		a, err := query.Audit(r)
		if err != nil {
			return 0, err
		}
		return int(a.Records), nil
	}},
	{"index", true, func(r *userjournal.Reader, _ *rand.Rand) (int, error) {
		report, err := userjournal.Reindex(*dir, true)
		return report.Made, err
	}},
}

func parent(path string) string {
	for i := len(path) - 1; ; i-- {
		if path[i] == '/' {
			return path[:i] + "/"
		}
	}
}

func count(r *userjournal.Reader, c query.Conditions) (n int, err error) {
	f, err := c.Compile(query.All)
	if err != nil {
		return 0, err
	}
	err = f.Scan(r, userjournal.ScanOptions{}, func(uint64, uapi.Record) error { n++; return nil })
	return n, err
}

// answer is what a child process does; opening the journal is part of it.
func answer(name string, seed int) error {
	for _, q := range questions {
		if q.name != name {
			continue
		}
		start := time.Now()
		r, err := userjournal.Open(*dir)
		if err != nil {
			return err
		}
		n, err := q.ask(r, rand.New(rand.NewPCG(uint64(seed), 1)))
		ms := float64(time.Since(start).Microseconds()) / 1000
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		fmt.Println(ms, n, maxRSS())
		return nil
	}
	return fmt.Errorf("nobody knows the question %q", name)
}
