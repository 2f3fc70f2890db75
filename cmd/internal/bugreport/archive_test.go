// SPDX-License-Identifier: Apache-2.0

package bugreport

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// TestItemsFailAlone: an error, a panic and a hang are in the manifest, and what else
// there is in the archive.
func TestItemsFailAlone(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	items := []Item{
		{Name: "good", What: "text", Foreign: true, Collect: func(context.Context) (any, error) { return "A_B=" + canary + "\n", nil }},
		{Name: "bad", Collect: func(context.Context) (any, error) { return nil, errors.New("no, token=" + canary) }},
		{Name: "half", Collect: func(context.Context) (any, error) { return []string{"x"}, errors.New("the rest") }},
		{Name: "panics", Collect: func(context.Context) (any, error) { panic("here") }},
		{Name: "hangs", Collect: func(context.Context) (any, error) { <-hang; return "late", nil }},
		{Name: "cannot", Collect: func(context.Context) (any, error) { return make(chan int), nil }},
		{Name: "long", Collect: func(context.Context) (any, error) { return strings.Repeat("line\n", MostBytes/5+1) + "end", nil }},
	}
	var out bytes.Buffer
	m := Manifest{Version: "1", LeftOut: []string{"much"}}
	if err := Write(t.Context(), &out, "report", &m, items, NewRedactor(false), 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil || h.Mode != 0o600 {
			t.Fatal(h, err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = string(b)
		if bytes.Contains(b, []byte(canary)) {
			t.Errorf("%s has the secret: %s", h.Name, b)
		}
	}
	if len(files) != 4 || files["report/good"] != "A_B=[redacted]\n" || !strings.HasSuffix(files["report/long"], "end") {
		t.Errorf("the archive has %d files: %.200v", len(files), files)
	}
	var got Manifest
	if err := json.Unmarshal([]byte(files["report/manifest.json"]), &got); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "no, token=" + Redacted, "the rest", "it panicked: here", "it took longer", "unsupported type", ""} {
		if e := got.Items[i]; e.Name != items[i].Name || !strings.Contains(e.Error, want) || want == "" && e.Error != "" {
			t.Errorf("item %d: %+v, want %q", i, e, want)
		}
	}
}
