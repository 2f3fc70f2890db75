// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"vexj/agent/subscribe"
	"vexj/cmd/internal/exit"
)

func waitTime(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, exit.Usagef("--timeout %q: give a time such as 90s or 5m, or 0", text)
	}
	return d, nil
}

// wait prints the first record, and where to go on.
func wait(ctx context.Context, f *streamFlags, filter url.Values, limit time.Duration, p *streamPrinter) error {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	cursor, found := f.after, false
	err := f.run(ctx, filter, false, func(e *subscribe.Event) error {
		cursor = e.Cursor
		if err := p.event(e); err != nil || e.Record == nil {
			return err
		}
		found = true
		return subscribe.ErrStop
	})
	if errors.Is(err, context.DeadlineExceeded) {
		err = noneInTime()
	}
	if cursor != "" && (p.format != "ndjson" || !found) && (found || errors.Is(err, errNone)) {
		if p.format == "ndjson" {
			fmt.Fprintf(p.w, "{\"timeout\":{\"cursor\":%q}}\n", cursor)
		} else {
			fmt.Fprintf(p.w, "-- cursor: %s\n", cursor)
		}
		err = errors.Join(err, p.w.Flush())
	}
	return err
}
