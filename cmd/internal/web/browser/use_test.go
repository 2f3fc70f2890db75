// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"vexj/internal/tale"
)

func js(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestLive: what is done now comes into the list, if the filter takes it, until it is
// paused; and what is done while nobody looks is there afterwards.
func TestLive(t *testing.T) {
	b := open(t)
	b.at("#/records?q=" + "type%3Acreate%20path%3A" + recorder.work + "%2F**")
	b.until(`document.querySelector('.live').dataset.state === 'on'`)
	touch := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(recorder.work, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	top := func(name string) string {
		return fmt.Sprintf(`document.querySelector('.record .where')?.innerText.endsWith(%s)`, js("/"+name))
	}
	touch("one")
	b.until(top("one"))
	touch(tale.Hostile[:40]) // no slash
	b.until(top(tale.Hostile[:40]))
	b.is(`document.querySelector('.record').innerText.includes('create')`)
	if err := os.Remove(filepath.Join(recorder.work, "one")); err != nil {
		t.Fatal(err)
	}
	b.press("l")
	b.still()
	b.until(`document.querySelector('.live').dataset.state === 'paused'`)
	rows := b.number(`vexj.made.records.items.length`)
	touch("two")
	touch("three")
	if got := b.number(`vexj.made.records.items.length`); got != rows {
		t.Errorf("%v rows came while it was paused", got-rows)
	}
	b.press("l")
	b.until(top("three"))
	b.is(`vexj.made.records.items.filter((r) => r.type === 'create').length === vexj.made.records.items.filter((r) => !r.gap).length`)
	// Who has scrolled down is not moved, and told.
	for i := range 60 {
		touch(fmt.Sprint("more", i))
	}
	b.until(top("more59"))
	b.run(`document.querySelector('.records .list').scrollTop = 400`)
	touch("late")
	b.until(`!document.querySelector('.fresh').hidden && document.querySelector('.fresh').innerText === '1 new'`)
	b.run(`document.querySelector('.fresh').click()`)
	b.until(top("late"))
}

// TestAway: while nobody looks there is no stream, and what came meanwhile comes once.
func TestAway(t *testing.T) {
	b := open(t)
	folder := filepath.Join(recorder.work, "away")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	b.at("#/records?q=" + "type%3Acreate%20path%3A" + folder + "%2F**")
	look := func(hidden bool) {
		b.run(fmt.Sprintf(`Object.defineProperty(document, 'hidden', { value: %v, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`, hidden))
	}
	create := func(name string) {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	create("0")
	b.until(`vexj.made.records.items.length === 1`)
	look(true)
	b.is(`!vexj.made.records.stop`)
	for i := 1; i < 50; i++ {
		create(fmt.Sprint(i))
	}
	look(false)
	b.until(`vexj.made.records.items.length === 50`)
	b.is(`vexj.made.records.items.every((r, i) => r.path.endsWith('/' + (49 - i)))`)
	create("50")
	b.until(`vexj.made.records.items.length === 51`)
}

// TestRestart: the page tells that nobody records, and goes on by itself with whoever does
// next.
func TestRestart(t *testing.T) {
	b := open(t)
	b.at("#/records?q=" + "type%3Acreate%20path%3A" + recorder.work + "%2F**")
	b.until(`document.querySelector('.live').dataset.state === 'on'`)
	if err := recorder.stop(); err != nil {
		t.Fatal(err)
	}
	b.until(`document.querySelector('.live').dataset.state === 'lost'`)
	b.until(`document.querySelector('#recorder').innerText.includes('does not answer')`)
	b.shot("nobody records")
	if err := recorder.start(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(recorder.work, "again"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	b.until(`document.querySelector('.live').dataset.state === 'on'`)
	b.until(`document.querySelector('.record .where')?.innerText.endsWith('/again')`)
	b.until(`!document.querySelector('#recorder').innerText.includes('does not answer')`)
	b.forgive() // nobody was there
}

// TestHostileNames: a name is text, wherever it is shown.
func TestHostileNames(t *testing.T) {
	b := open(t)
	for _, hash := range []string{
		"#/records?q=type%3Acreate%20agent%3Acodex%20onerror", "#/sessions?session=style-sweep", "#/blame?path=" + strings.NewReplacer("/", "%2F", "<", "%3C", " ", "%20", "=", "%3D", `"`, "%22", "'", "%27", ">", "%3E").Replace("/srv/shop/web/"+tale.Hostile),
	} {
		b.at(hash)
		b.until(`document.querySelector('main').innerText.includes(` + js(tale.Hostile) + `)`)
		b.is(`!document.querySelector('img')`)
		b.is(`!document.title.includes('owned')`)
	}
	b.at("#/records?q=type%3Acreate%20agent%3Acodex%20onerror")
	b.until(`document.querySelector('.record .where')?.innerText.includes('onerror')`)
	b.run(`document.querySelector('.record:not(.gap)').click()`)
	b.until(`document.querySelector('#drawer dl')?.innerText.includes(` + js(tale.Hostile) + `)`)
	// Its name as a filter finds it, and it alone.
	b.run(`[...document.querySelectorAll('#drawer .value')].find((e) => e.title.includes('path ')).click()`)
	b.until(`document.querySelector('#filter-text').value.includes('path:')`)
	b.still()
	b.until(`vexj.made.records.items.filter((r) => !r.gap).length === 1`)
	b.is(`!document.querySelector('img') && !document.title.includes('owned')`)
	// The policy would have kept it from running.
	if said := b.text(`(() => { try { document.body.innerHTML = '<b>x</b>'; return 'made'; } catch (e) { return e.name; } })()`); said != "TypeError" {
		t.Errorf("HTML of a string: %s", said)
	}
	b.forgive() // that was asked for
}

// TestLosses: they cannot be missed, and if they were seen their number stays.
func TestLosses(t *testing.T) {
	b := open(t)
	b.until(`!document.querySelector('#banner').hidden`)
	b.is(`document.querySelector('#banner').innerText.startsWith('1,800 records are lost.')`)
	b.is(`document.querySelector('#banner').getAttribute('role') === 'alert'`)
	b.is(`getComputedStyle(document.querySelector('#banner')).backgroundColor !== getComputedStyle(document.body).backgroundColor`)
	b.run(`[...document.querySelectorAll('#banner button')].find((e) => e.innerText === 'Show the losses').click()`)
	b.until(`vexj.made.records?.items.some((r) => r.lost?.count === 1200)`)
	b.run(`[...document.querySelectorAll('#banner button')].find((e) => e.innerText === 'I have seen it').click()`)
	b.is(`document.querySelector('#banner').hidden`)
	b.is(`document.querySelector('.chip.bad').innerText === '1,800 lost'`)
	b.do(chromedp.Navigate(recorder.page))
	b.still()
	b.until(`document.querySelector('.chip.bad')?.innerText === '1,800 lost'`)
	b.is(`document.querySelector('#banner').hidden`)
	// The filter leaves them out, the timeline does not.
	b.at("#/records?q=agent%3Acodex")
	b.until(`vexj.timeline.missing === 1800 && document.querySelector('#timeline .bad')?.innerText === '1,800 lost'`)
}

// TestKeyboard: everything can be done without a pointer.
func TestKeyboard(t *testing.T) {
	b := open(t)
	b.press("/")
	b.is(`document.activeElement.id === 'filter-text' && !document.querySelector('#filter-help').hidden`)
	b.run(`document.querySelector('#filter-text').select()`) // the key itself comes too, through this door
	b.press("type:exec agent:codex")
	b.press(kb.Enter)
	b.until(`location.hash.includes('codex')`)
	b.still()
	b.until(`document.activeElement.classList.contains('list') && vexj.made.records.items.filter((r) => !r.gap).every((r) => r.type === 'exec' && r.agent_id === 'codex')`)
	b.press("jjk")
	b.until(`vexj.made.records.list.chosen >= 0 && document.querySelector('.row.chosen')`)
	b.press("j")
	b.press(kb.Enter)
	b.until(`!document.querySelector('#drawer').hidden && document.querySelector('#drawer dl')`)
	b.press(kb.Escape)
	b.until(`document.querySelector('#drawer').hidden && document.activeElement.classList.contains('list')`)
	b.press("?")
	b.is(`document.querySelector('#keys').open`)
	b.shot("keys")
	b.press(kb.Escape)
	b.until(`!document.querySelector('#keys').open`)
	for _, theme := range []string{"dark", "light", "undefined"} {
		b.press("t")
		b.is(`String(document.documentElement.dataset.theme) === '` + theme + `'`)
	}
	b.press("4")
	b.still()
	b.until(`document.querySelectorAll('.proc').length > 5`)
	b.run(`document.querySelector('.processes .list').focus()`)
	b.press("j")
	rows := b.number(`vexj.made.processes.list.items.length`)
	b.press(kb.ArrowLeft)
	b.until(fmt.Sprintf(`vexj.made.processes.list.items.length < %v && document.querySelector('.proc[aria-expanded="false"]')`, rows))
	b.press(kb.ArrowRight)
	b.until(fmt.Sprintf(`vexj.made.processes.list.items.length === %v`, rows))
	b.press("1")
	b.still()
	b.run(`document.querySelector('.plot').focus()`)
	b.press(kb.ArrowRight)
	b.press(kb.ArrowRight)
	b.until(`document.querySelector('#said').innerText.includes('record')`)
	before := b.number(`vexj.timeline.data.width`)
	b.press("+")
	b.still()
	b.until(fmt.Sprintf(`location.hash.includes('since') && vexj.timeline.data?.width < %v`, before))
	b.shot("zoomed")
	b.run(`document.activeElement.blur()`)
	b.press("z")
	b.still()
	b.until(fmt.Sprintf(`!location.hash.includes('since') && vexj.timeline.data?.width === %v`, before))
}

// TestTimeline: a stretch that is drawn over is shown alone.
func TestTimeline(t *testing.T) {
	b := open(t)
	b.until(`vexj.timeline.data`)
	box := eval[[4]float64](b, `(() => { const r = document.querySelector('.plot').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()`)
	x := func(share float64) float64 { return box[0] + box[2]*share }
	y := box[1] + box[3]/2
	all := b.number(`vexj.timeline.data.total.records`)
	b.do(chromedp.DragAndDropXY(x(0.25), y, x(0.5), y, 5))
	b.until(`location.hash.includes('until')`)
	b.still()
	b.until(fmt.Sprintf(`vexj.timeline.data?.total.records < %v`, all))
	b.until(`vexj.made.records.items.length > 0`)
	b.is(`vexj.made.records.items.every((r) => Date.parse(r.time) >= Date.parse(vexj.state.since) && Date.parse(r.time) < Date.parse(vexj.state.until))`)
	b.is(`document.querySelector('.live').disabled`)
	b.run(`history.back()`)
	b.until(fmt.Sprintf(`vexj.timeline.data?.total.records >= %v`, all))
}

// TestMistakes are told where they were made, and what can be done.
func TestMistakes(t *testing.T) {
	b := open(t)
	b.at("#/records?q=type%3Anothing")
	b.until(`!document.querySelector('#filter-error').hidden && document.querySelector('#filter-text').hasAttribute('aria-invalid')`)
	b.is(`document.querySelector('#filter-error').innerText.includes('nothing')`)
	b.shot("mistake")
	b.at("#/records")
	b.until(`document.querySelector('#filter-error').hidden && document.querySelectorAll('.record').length > 10`)
	b.forgive() // a 400, which the browser tells too
}

// TestAccessible: each control has a name, each text can be read.
func TestAccessible(t *testing.T) {
	b := open(t)
	for _, v := range views {
		b.at(v.hash)
		b.until(v.there)
		for _, theme := range []string{"dark", "light"} {
			b.theme(theme)
			if bad := eval[[]string](b, unreadable); len(bad) > 0 {
				t.Errorf("%s, %s: %v", v.name, theme, bad)
			}
		}
	}
}

// unreadable names controls without a name, and text with too little contrast: 4.5 to 1.
const unreadable = `(() => {
  const bad = new Set();
  for (const e of document.querySelectorAll('button, a, input, [tabindex="0"]')) {
    if (e.offsetParent && !(e.innerText?.trim() || e.getAttribute('aria-label') || e.labels?.length)) bad.add('no name: ' + e.outerHTML.slice(0, 80));
  }
  const rgba = (s) => { const n = s.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const over = (a, b) => a.slice(0, 3).map((v, i) => v * a[3] + b[i] * (1 - a[3])).concat(1);
  const back = (e) => { const c = e ? rgba(getComputedStyle(e).backgroundColor) : [255, 255, 255, 1]; return c[3] === 1 ? c : over(c, back(e.parentElement)); };
  const light = (c) => { const l = c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]; };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walk.nextNode());) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.offsetParent || e.closest('.hidden, .skip, script, noscript, :disabled')) continue;
    const b = back(e), c = over(rgba(getComputedStyle(e).color), b);
    const [x, y] = [light(b), light(c)].sort((p, q) => q - p);
    const ratio = (x + 0.05) / (y + 0.05);
    if (ratio < 4.5) bad.add(e.className + ' ' + ratio.toFixed(2) + ': ' + n.data.slice(0, 30));
  }
  return [...bad];
})()`
