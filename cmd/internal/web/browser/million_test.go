// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestMillion measures what it is like to look at the whole journal, and holds the page to
// few elements whatever there is. It says how long things took, and asserts no time.
func TestMillion(t *testing.T) {
	b := open(t)
	if n := b.number(`vexj.timeline.data.total.records`); n < float64(*records)*9/10 {
		t.Fatalf("the timeline counts %v records", n)
	}
	// Again, now that the browser has begun.
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(recorder.page))
	b.run(`new PerformanceObserver((l) => { window.longest = Math.max(window.longest ?? 0, ...l.getEntries().map((e) => e.duration)); }).observe({ type: 'longtask', buffered: true })`)
	b.still()
	b.until(`document.querySelector('.record')`)
	t.Logf("first paint %.0f ms, first rows %.0f ms, timeline of all %.0f ms after the page was asked for",
		b.number(`performance.getEntriesByName('first-contentful-paint')[0].startTime`),
		b.number(`performance.getEntriesByType('resource').find((e) => e.name.includes('/v1/log')).responseEnd`), b.number(`vexj.timeline.loaded`))
	for _, q := range []string{"type:write agent:codex", "path:/srv/shop/web/**", "server_test", "failed", `where:"size > 16000"`, "agent:nobody"} {
		took := b.timed(`vexj.set({ q: ` + js(q) + ` })`)
		t.Logf("filter %s: %.0f ms, of %.0f records", q, took, b.number(`vexj.timeline.data?.total.records ?? 0`))
	}
	b.at("#/records")
	b.until(`document.querySelector('.record')`)
	for n := 400; n <= 3000; n += 200 {
		b.run(`document.querySelector('.records .list').scrollTop = 1e9`)
		b.until(fmt.Sprintf(`vexj.made.records.items.length >= %d`, n))
	}
	b.is(`vexj.made.records.items.every((r, i, all) => !i || BigInt(r.id) !== BigInt(all[i - 1].id) && r.ordinal < all[i - 1].ordinal)`)
	for _, hash := range []string{"#/sessions", "#/blame?path=%2Fsrv", "#/processes", "#/records"} {
		took := b.timed(`location.hash = ` + js(hash))
		elements := b.number(`document.querySelectorAll('*').length`)
		t.Logf("%s: %.0f ms, %.0f elements", hash, took, elements)
		if elements > 2500 {
			t.Errorf("%s: %.0f elements are in the page", hash, elements)
		}
	}
	t.Logf("the longest that the page was busy: %.0f ms; memory of its scripts %.1f MiB", b.number(`window.longest ?? 0`), b.number(`performance.memory.usedJSHeapSize / 2**20`))
}

// timed runs js, and says how many ms it took until the page had its answers.
func (b *tab) timed(js string) float64 {
	b.Helper()
	return eval[float64](b, `(async () => {
		const begun = performance.now();
		`+js+`;
		await new Promise((r) => addEventListener('hashchange', r, { once: true }));
		await vexj.showing;
		return performance.now() - begun;
	})()`)
}
