// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"net/http"

	"github.com/spf13/pflag"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/door"
	"vexj/cmd/internal/metrics"
)

// doorFlags say where else than on the agents' socket the recorder answers.
type doorFlags struct {
	metrics string
	remote  []string
}

func (f *doorFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.metrics, "metrics", "", "serve metrics for Prometheus at this `address`, as 127.0.0.1:9464, under /metrics")
	fs.StringArrayVar(&f.remote, "remote", nil, "let others than this machine ask there, by this host `name` (repeatable)")
}

// doors are those that are open.
type doors struct {
	metrics *door.Door // nil: it was not asked for
}

// open listens, before anything is recorded: what cannot be had is told at once.
func (f *doorFlags) open() (d *doors, err error) {
	d = &doors{}
	if f.metrics != "" {
		if d.metrics, err = door.Listen("--metrics", f.metrics, f.remote); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// serve answers for the capture.
func (d *doors) serve(c *capture.Capture) error {
	if d.metrics == nil {
		return nil
	}
	h, err := metrics.Handler(c.Measures)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h)
	d.metrics.Serve(mux, logLine)
	logLine("metrics are at http://" + d.metrics.Address() + "/metrics")
	return nil
}

func (d *doors) close() error {
	var errs []error
	if d.metrics != nil {
		errs = append(errs, d.metrics.Close())
	}
	return errors.Join(errs...)
}
