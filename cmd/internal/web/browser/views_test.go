// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// What is to be seen at each address.
var views = []struct {
	name, hash, there string
}{
	{"records", "#/records", `document.querySelectorAll('.record').length > 10`},
	{"filter", "#/records?q=type%3Awrite%20agent%3Acodex%20path%3A%2Fsrv%2F**", `document.querySelectorAll('.record').length > 10`},
	{"losses", "#/records?q=type%3Alost", `document.querySelector('.rows').innerText.includes('600 records lost')`},
	{"sessions", "#/sessions?session=style-sweep", `document.querySelector('.against')?.innerText.includes('secrets.env')`},
	{"blame", "#/blame?path=%2Fsrv%2Fshop%2Fapi%2Fserver.go", `document.querySelector('.writers')?.innerText.includes('Make the login time out')`},
	{"folder", "#/blame?path=%2Fsrv%2Fshop", `document.querySelectorAll('.file').length > 5`},
	{"processes", "#/processes?q=agent%3Aclaude-code", `document.querySelectorAll('.proc').length > 10`},
	{"nothing", "#/records?q=agent%3Anobody", `document.querySelector('.empty')?.innerText.includes('No record meets the filter')`},
}

// TestViews: each shows what it is for, in both themes, and complains of nothing.
func TestViews(t *testing.T) {
	b := open(t)
	for _, v := range views {
		b.at(v.hash)
		b.until(v.there)
		for _, theme := range []string{"dark", "light"} {
			b.theme(theme)
			b.shot(v.name + " " + theme)
		}
	}
	b.at("#/records?q=type%3Arename%20path%3A%2Fsrv%2Fshop%2F**")
	b.until(`document.querySelector('.record:not(.gap)')?.innerText.includes('rename')`)
	b.run(`document.querySelector('.record:not(.gap)').click()`)
	b.until(`document.querySelector('#drawer .events')`)
	for _, theme := range []string{"dark", "light"} {
		b.theme(theme)
		b.shot("record " + theme)
	}
	b.press("/")
	b.shot("filter help light")
}

// TestNarrow: on a narrow screen nothing is wider than it.
func TestNarrow(t *testing.T) {
	b := open(t)
	for _, w := range []int64{1024, 480} {
		b.do(chromedp.EmulateViewport(w, height))
		for _, v := range views {
			b.at(v.hash)
			b.until(v.there)
			b.shot(fmt.Sprint(v.name, " ", w))
			if wide := b.text(`[...document.querySelectorAll('body > *, body > * > *')].filter((e) => e.offsetParent && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.tagName + '.' + e.className)`); wide != "" || b.number(`document.documentElement.scrollWidth - innerWidth`) > 0 {
				t.Errorf("%s is wider than %d: %s", v.name, w, wide)
			}
		}
	}
}

// TestLogin: who has no cookie is asked for the token.
func TestLogin(t *testing.T) {
	b := open(t)
	at, _, _ := strings.Cut(recorder.page, "?token=")
	for _, theme := range []string{"dark", "light"} {
		b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, network.ClearBrowserCookies, cdp.Empty{})
			return err
		}), chromedp.Navigate(at))
		b.run(`document.documentElement.dataset.theme = "` + theme + `"`)
		b.shot("login " + theme)
	}
	// The browser gives it the focus when it next draws the page.
	b.until(`document.activeElement.id === 'token'`)
	b.press("wrong")
	b.press(kb.Enter)
	b.until(`location.pathname === '/login' && document.querySelector('#token')?.value === ''`)
	b.run(`document.querySelector('#token').focus()`)
	b.press(token)
	b.press(kb.Enter)
	b.still()
	b.is(`location.search === ''`)
	b.forgive() // the 401s
}
