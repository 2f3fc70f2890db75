// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A tab is one of a browser that ends with the test.
type tab struct {
	*testing.T
	ctx context.Context

	mu     sync.Mutex
	errors []string // what the page complained of
}

const (
	width, height = 1440, 900
	patience      = time.Minute
)

// open shows the page in a tab of a new browser. Whatever the page complains of fails the
// test.
func open(t *testing.T) *tab {
	t.Helper()
	o := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(width, height))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), o...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, text := range b.errors {
			t.Errorf("the page: %s", text)
		}
	})
	b.do(chromedp.EmulateViewport(width, height), chromedp.Navigate(recorder.page))
	b.still()
	return b
}

// hear is called for each event of the browser.
func (b *tab) hear(e any) {
	text := ""
	switch e := e.(type) {
	case *runtime.EventExceptionThrown:
		text = e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
	case *log.EventEntryAdded:
		// That something is not there is an answer.
		if e.Entry.Level == log.EntryLevelError && !strings.Contains(e.Entry.Text, "status of 404") {
			text = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if text != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.errors = append(b.errors, text)
	}
}

// forgive forgets what the page has complained of.
func (b *tab) forgive() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.errors = nil
}

// do has patience for each step. The browser lives as long as the tab's context, whose first
// use Listen was.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// eval is what an expression is, of which a promise is waited for.
func eval[T any](b *tab, js string) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%s: %v", js, err)
	}
	return v
}

func (b *tab) text(js string) string { b.Helper(); return eval[string](b, "String("+js+")") }

func (b *tab) number(js string) float64 { b.Helper(); return eval[float64](b, "Number("+js+")") }

func (b *tab) run(js string) { b.Helper(); eval[chromedp.Void](b, js) }

// until waits for an expression to be true.
func (b *tab) until(js string) {
	b.Helper()
	for end := time.Now().Add(patience); !eval[bool](b, "Boolean("+js+")"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("it did not come to be that %s; at %s the page says: %.1500s", js, b.text("location.hash"), b.text("document.querySelector('main').innerText + document.querySelector('#drawer').innerText"))
		}
	}
}

// is fails unless an expression is true.
func (b *tab) is(js string) {
	b.Helper()
	if !eval[bool](b, "Boolean("+js+")") {
		b.Errorf("it is not so that %s", js)
	}
}

// at goes to an address of the page, and waits until all is there.
func (b *tab) at(hash string) {
	b.Helper()
	quoted, err := json.Marshal(hash)
	if err != nil {
		b.Fatal(err)
	}
	b.run("location.hash = " + string(quoted))
	b.still()
}

// still waits until the page has its answers.
func (b *tab) still() {
	b.Helper()
	b.until(`window.vexj?.state && document.querySelector('#main .view') && !document.querySelector('[aria-busy="true"]') && document.querySelector('.recorder .dot')`)
}

func (b *tab) press(keys string) { b.Helper(); b.do(chromedp.KeyEvent(keys)) }

func (b *tab) theme(name string) {
	b.Helper()
	b.run(`document.documentElement.dataset.theme = "` + name + `"; vexj.timeline.draw()`)
}

// shot leaves a picture, if pictures are wanted.
func (b *tab) shot(name string) {
	b.Helper()
	if *shots == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.Fatal(err)
	}
	if err := os.MkdirAll(*shots, 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*shots, strings.ReplaceAll(name, " ", "-")+".png"), png, 0o644); err != nil {
		b.Fatal(err)
	}
}
