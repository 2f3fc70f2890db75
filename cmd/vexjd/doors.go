// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"net/http"

	"github.com/spf13/pflag"

	"vexj/cmd/internal/capture"
	"vexj/cmd/internal/door"
	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/metrics"
	"vexj/cmd/internal/web"
)

// doorFlags say where else than on the agents' socket the recorder answers.
type doorFlags struct {
	metrics string
	web     string
	token   string
	remote  []string
}

func (f *doorFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.metrics, "metrics", "", "serve metrics for Prometheus at this `address`, as 127.0.0.1:9464, under /metrics")
	fs.StringVar(&f.web, "web", "", "serve a page that shows the journal at this `address`, as 127.0.0.1:8080")
	fs.StringVar(&f.token, "web-token", "", "`file` with the token that opens the page (default: make one and print it)")
	fs.StringArrayVar(&f.remote, "remote", nil, "let others than this machine ask for metrics and page, by this host `name` (repeatable)")
}

// doors are those that are open.
type doors struct {
	metrics, web *door.Door // nil: it was not asked for
	token        web.Token
	made         bool // the token, by us: nobody else can tell it
}

// open listens, before anything is recorded: what cannot be had is told at once.
func (f *doorFlags) open() (*doors, error) {
	d := &doors{token: web.NewToken(), made: f.token == ""}
	if err := f.openAll(d); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (f *doorFlags) openAll(d *doors) (err error) {
	if f.token != "" {
		if f.web == "" {
			return exit.Usagef("--web-token is for a page: give --web too")
		}
		if d.token, err = web.ReadToken(f.token); err != nil {
			return exit.With(exit.Usage, err)
		}
	}
	if len(f.remote) > 0 && f.web == "" && f.metrics == "" {
		return exit.Usagef("--remote is for --web and --metrics: give one of them too")
	}
	if f.metrics != "" {
		if d.metrics, err = door.Listen("--metrics", f.metrics, f.remote); err != nil {
			return err
		}
	}
	if f.web != "" {
		if d.web, err = door.Listen("--web", f.web, f.remote); err != nil {
			return err
		}
	}
	return nil
}

// serve answers for the capture.
func (d *doors) serve(c *capture.Capture) error {
	if d.metrics != nil {
		h, err := metrics.Handler(c.Measures)
		if err != nil {
			return err
		}
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", h)
		d.metrics.Serve(mux, logLine)
		logLine("metrics are at http://" + d.metrics.Address() + "/metrics")
	}
	if d.web != nil {
		h, err := web.Handler(web.Options{Token: d.token, Connect: c.Connect, Notice: logLine})
		if err != nil {
			return err
		}
		d.web.Serve(h, logLine)
		at := "http://" + d.web.Address() + "/"
		if d.made {
			at += "?token=" + d.token.String()
		}
		logLine("the page is at " + at)
	}
	return nil
}

func (d *doors) close() error {
	var errs []error
	for _, one := range []*door.Door{d.web, d.metrics} {
		if one != nil {
			errs = append(errs, one.Close())
		}
	}
	return errors.Join(errs...)
}
