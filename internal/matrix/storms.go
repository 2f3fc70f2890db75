// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"

	"vexj/bpf"
	"vexj/internal/storm"
	"vexj/uapi"
)

// storms sets one loose under each producer, with a ring of the default size and
// with one of a page, on the first filesystem.
func (in *inside) storms() error {
	fs := in.filesystems[0]
	var errs []error
	for _, s := range in.sources {
		for _, size := range []struct {
			name  string
			bytes int
		}{{"storm, default ring", 0}, {"storm, ring of one page", os.Getpagesize()}} {
			o := outcome{Producer: s.name, Filesystem: fs.name, Row: size.name, Verdict: pass}
			if tally, err := in.oneStorm(s, fs.dir, size.bytes); err != nil {
				o.Verdict, o.Why = failed, err.Error()
				if errors.Is(err, bpf.ErrUnsupported) && in.refuses(s.name) {
					o.Verdict = none
				}
			} else {
				o.Why = tally.String()
			}
			errs = append(errs, o.write(in.out))
		}
	}
	return errors.Join(errs...)
}

func (in *inside) oneStorm(s source, dir string, ringBytes int) (storm.Tally, error) {
	dir, err := os.MkdirTemp(dir, "storm")
	if err != nil {
		return storm.Tally{}, err
	}
	defer os.RemoveAll(dir)
	open := func(ringBytes int, f uapi.Filter) (storm.Producer, error) { return s.open(ringBytes, f) }
	return storm.Run(open, dir, in.storm, ringBytes)
}
