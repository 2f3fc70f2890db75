// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"net/http"
	"net/textproto"
	"os"
	"strings"

	"vexj/cmd/internal/exit"
	"vexj/cmd/internal/version"
	"vexj/export"
	"vexj/export/cloudevents"
	"vexj/export/deliver"
	"vexj/export/folder"
	"vexj/export/otlp"
	"vexj/export/parquet"
	"vexj/userjournal"
)

const targets = "parquet:FOLDER, otlp:URL, cloudevents:FOLDER, cloudevents:URL or cloudevents:-"

// target opens what --to names.
func (f *exportFlags) target(set *userjournal.Set) (export.Sink, error) {
	format, where, ok := strings.Cut(f.to, ":")
	if !ok || where == "" {
		return nil, exit.Usagef("--to is %s, not %q", targets, f.to)
	}
	isURL := strings.HasPrefix(where, "http://") || strings.HasPrefix(where, "https://")
	if f.headers != "" && !isURL {
		return nil, exit.Usagef("--headers is for a URL")
	}
	info, err := set.Info()
	if err != nil {
		return nil, err
	}
	switch {
	case format == "parquet" && !isURL && where != "-":
		return folder.Open(set, where, f.selection(), parquet.Format())
	case format == "otlp" && isURL:
		o, err := f.delivery()
		if err != nil {
			return nil, err
		}
		return usable(otlp.New(info.Journal, where, version.String(), o))
	case format == "cloudevents" && isURL:
		o, err := f.delivery()
		if err != nil {
			return nil, err
		}
		return usable(cloudevents.NewBatches(info.Journal, where, o))
	case format == "cloudevents" && where == "-":
		return cloudevents.NewLines(info.Journal, os.Stdout), nil
	case format == "cloudevents":
		return folder.Open(set, where, f.selection(), cloudevents.Format(info.Journal))
	}
	return nil, exit.Usagef("--to is %s, not %q", targets, f.to)
}

// usable: what is wrong with a target is wrong with the command line.
func usable[S export.Sink](sink S, err error) (export.Sink, error) {
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	return sink, nil
}

func (f *exportFlags) delivery() (o deliver.Options, err error) {
	o.Patience = f.patience
	if f.headers != "" {
		o.Headers, err = readHeaders(f.headers)
	}
	return o, err
}

// readHeaders reads a file: what is secret in it is on no command line.
func readHeaders(name string) (http.Header, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	headers := http.Header{}
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if key = strings.TrimSpace(key); !ok || key == "" || strings.ContainsAny(key, " \t") {
			return nil, exit.Usagef("%s: line %d is not NAME: VALUE", name, n)
		}
		headers[textproto.CanonicalMIMEHeaderKey(key)] = append(headers[textproto.CanonicalMIMEHeaderKey(key)], strings.TrimSpace(value))
	}
	return headers, lines.Err()
}
