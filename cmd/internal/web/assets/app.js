// SPDX-License-Identifier: Apache-2.0

import { ask, ended, Refused } from './api.js';
import { $, count, el, fill, many, say, when } from './dom.js';
import { add, keys, params } from './filter.js';
import { Blame } from './blame.js';
import { Processes } from './processes.js';
import { Drawer } from './record.js';
import { Records } from './records.js';
import { Sessions } from './sessions.js';
import { Timeline } from './timeline.js';

const views = { records: Records, sessions: Sessions, blame: Blame, processes: Processes };
const every = 5000; // ms between two looks at the recorder

// The App has the state, which is the address: view, q (the filter), since, until, and what
// a view adds.
class App {
  constructor() {
    this.names = new Map(); // of sessions, by number
    this.made = {};
    this.timeline = new Timeline($('timeline'), (r) => this.set({ since: r?.since?.toISOString() ?? null, until: r?.until?.toISOString() ?? null }));
    this.drawer = new Drawer($('drawer'), {
      names: this.names, filter: (k, v) => this.filter(k, v), open: (id) => this.open(id), go: (v, s) => this.go(v, s),
      closed: () => { document.body.classList.remove('drawn'); $('main').querySelector('.list')?.focus(); },
    });
    this.wire();
    this.lookAtRecorder();
    this.learnNames();
    this.lookForLosses();
    this.showing = this.route();
  }

  wire() {
    addEventListener('hashchange', () => { this.showing = this.route(); });
    addEventListener('keydown', (e) => this.press(e));
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.lookAtRecorder();
      this.view.awake?.(!document.hidden);
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.timeline.draw());
    const input = $('filter-text');
    $('filter').addEventListener('submit', (e) => { e.preventDefault(); this.set({ q: input.value.trim() || null }); $('main').querySelector('.list')?.focus(); });
    input.addEventListener('focus', () => { $('filter-help').hidden = false; });
    input.addEventListener('blur', () => { $('filter-help').hidden = true; });
    input.addEventListener('keydown', (e) => { if (e.key === 'Escape') { input.value = this.state.q ?? ''; input.blur(); e.stopPropagation(); } });
    fill($('filter-help'), el('p', null, 'Words are looked for in paths and programs; a word that begins with / is a folder or a pattern.'),
      el('dl', null, Object.entries(keys).map(([k, text]) => [el('dt', null, el('code', null, k === 'failed' || k === 'succeeded' ? k : `${k}:`)), el('dd', null, text)])));
    $('theme').addEventListener('click', () => this.theme());
    $('help').addEventListener('click', () => this.help());
    this.theme(true);
  }

  // read takes the state from the address.
  read() {
    const [view, rest] = location.hash.replace(/^#\/?/, '').split('?');
    return { view: view in views ? view : 'records', ...Object.fromEntries(new URLSearchParams(rest ?? '')) };
  }

  // set changes a part of the state, and with it the address; null takes a part away.
  set(change, view = this.state.view) {
    const next = { ...this.state, ...change };
    delete next.view;
    const q = new URLSearchParams(Object.entries(next).filter(([, v]) => v !== null && v !== undefined && v !== '')).toString();
    const hash = `#/${view}${q && '?'}${q}`;
    if (location.hash === hash) this.route();
    else location.hash = hash;
  }

  // go to another view, with filter and time, and what it shall show.
  go(view, change) {
    const { q, since, until } = this.state;
    this.state = { q, since, until };
    this.set(change ?? {}, view);
  }

  filter(key, value, view) { this.set({ q: add(this.state.q ?? '', key, value) }, view ?? (this.state.view === 'processes' && ['agent', 'session', 'uid'].includes(key) ? 'processes' : 'records')); }

  open(id) {
    document.body.classList.add('drawn');
    this.drawer.show(id);
  }

  // route shows what the address says.
  async route() {
    this.state = this.read();
    const view = this.made[this.state.view] ??= new views[this.state.view](this);
    if (view !== this.view) {
      this.view?.leave();
      this.view = view;
      fill($('main'), view.element);
      for (const a of document.querySelectorAll('nav a')) {
        if (a.dataset.view === this.state.view) a.setAttribute('aria-current', 'page');
        else a.removeAttribute('aria-current');
      }
      document.title = `${this.state.view[0].toUpperCase()}${this.state.view.slice(1)} · vexj`;
    }
    // What a view keeps for itself goes with the reader to the next.
    const shared = new URLSearchParams(Object.entries(this.state).filter(([k]) => ['q', 'since', 'until'].includes(k))).toString();
    for (const a of document.querySelectorAll('nav a')) a.href = `#/${a.dataset.view}${shared && '?'}${shared}`;
    if (document.activeElement !== $('filter-text')) $('filter-text').value = this.state.q ?? '';
    const p = params(this.state.q ?? '');
    for (const k of ['since', 'until']) if (this.state[k]) p.set(k, this.state[k]);
    this.params = p;
    $('filter-error').hidden = true;
    $('filter-text').removeAttribute('aria-invalid');
    await Promise.all([this.timeline.load(p), view.load(p)].map((one) => one.catch((e) => this.failed(e))));
  }

  // failed tells of an error; one of the filter is told at the filter.
  failed(e) {
    if (ended(e)) return;
    const error = $('filter-error');
    error.hidden = false;
    fill(error, e.message);
    $('filter-text').toggleAttribute('aria-invalid', e instanceof Refused && e.status === 400);
  }

  learn(sessions) { for (const s of sessions) if (s.name) this.names.set(s.id, s.name); }

  async learnNames() {
    try {
      const known = this.names.size;
      this.learn((await ask('sessions', { limit: 1000 }, 'names')).sessions);
      if (this.names.size !== known) this.made[this.state.view]?.again?.();
    } catch { /* numbers stand for names */ }
  }

  async lookAtRecorder() {
    clearTimeout(this.timer);
    try {
      const r = await ask('recorder', null, 'recorder');
      this.answers = r;
      this.paintRecorder();
      const losing = r.kernel?.lost ?? r.lost ?? 0;
      if (this.losing !== undefined && losing !== this.losing) this.lost();
      this.losing = losing;
      const n = r.journal?.records;
      if (this.params && (n === undefined || this.recorded !== undefined && n !== this.recorded) && !this.state.until) this.timeline.refresh(this.params);
      this.recorded = n;
    } catch (error) {
      if (ended(error)) return;
      this.answers = null;
      fill($('recorder'), el('span', { class: 'dot off' }), el('span', { class: 'bad' }, 'The recorder does not answer'));
    }
    if (!document.hidden) this.timer = setTimeout(() => this.lookAtRecorder(), every);
  }

  paintRecorder() {
    const r = this.answers;
    if (!r) return;
    const blind = r.uncovered?.length ?? 0;
    fill($('recorder'), el('span', { class: 'dot on' }), el('span', { title: r.journal ? `${count(r.journal.records)} records in ${r.journal.dir} since it began` : '' }, r.producer),
      blind ? el('button', { type: 'button', class: 'chip warn', title: r.uncovered.join('\n'), onclick: () => this.blind(r.uncovered) }, `blind to ${blind}`) : null,
      this.told ? el('button', { type: 'button', class: 'chip bad', title: 'Show the losses', onclick: () => this.showLosses() }, `${count(this.total)} lost`) : null);
  }

  // lost has it looked how many records are missing from the journal; many may say so at once.
  lost() { this.looking ??= setTimeout(() => { this.looking = null; this.lookForLosses(); }, 300); }

  async lookForLosses() {
    try {
      const t = await ask('timeline', { type: 'lost', buckets: 400 }, 'lost');
      this.total = t.total.lost;
      this.lastLoss = t.last;
    } catch { return; }
    const banner = $('banner');
    this.told = this.total > 0;
    this.paintRecorder();
    let seen = null;
    try { seen = localStorage.getItem('vexj-lost'); } catch { /* it is told again */ }
    const mark = `${this.total} ${this.lastLoss}`;
    banner.hidden = !this.told || seen === mark;
    if (banner.hidden) return;
    fill(banner, el('strong', null, `${many(this.total, 'record')} ${this.total === 1 ? 'is' : 'are'} lost.`),
      el('span', null, 'What happened then is not in the journal; the last loss was at ', when(this.lastLoss), '.'), el('span', { class: 'space' }),
      el('button', { type: 'button', onclick: () => this.showLosses() }, 'Show the losses'),
      el('button', { type: 'button', title: 'Hide this until more are lost; their number stays above', onclick: () => { try { localStorage.setItem('vexj-lost', mark); } catch { /* not kept */ } banner.hidden = true; } }, 'I have seen it'));
  }

  showLosses() { this.set({ q: 'type:lost', since: null, until: null, live: null }, 'records'); }

  blind(lines) {
    fill($('keys'), el('h2', null, 'What the producer cannot see'), el('ul', null, lines.map((l) => el('li', null, l))), el('form', { method: 'dialog' }, el('button', { class: 'primary' }, 'Close')));
    $('keys').showModal();
  }

  // theme goes from the system's to dark to light.
  theme(keep) {
    const root = document.documentElement;
    const order = ['', 'dark', 'light'];
    const now = root.dataset.theme ?? '';
    const next = keep ? now : order[(order.indexOf(now) + 1) % order.length];
    if (next) root.dataset.theme = next;
    else delete root.dataset.theme;
    try { localStorage.setItem('vexj-theme', next); } catch { /* for this page alone */ }
    const name = { '': 'as the system', dark: 'dark', light: 'light' }[next];
    fill($('theme'), { '': '◐', dark: '●', light: '○' }[next]);
    $('theme').setAttribute('aria-label', `Theme: ${name}`);
    $('theme').title = `Theme: ${name} (t)`;
    if (!keep) say(`Theme: ${name}`);
    this.timeline.draw();
  }

  help() {
    const row = (k, text) => [el('dt', null, k.split(' ').map((one) => el('kbd', null, one))), el('dd', null, text)];
    fill($('keys'), el('h2', null, 'Keyboard'), el('dl', null, row('/', 'Filter'), row('1 2 3 4', 'Records, sessions, blame, processes'),
      row('j k', 'Next and previous row, as ↓ and ↑'), row('Enter', 'Open the row'), row('Esc', 'Close'), row('← →', 'In the tree: fold and unfold; in the timeline: move'),
      row('Shift+←', 'In the timeline: mark; Enter zooms in'), row('+ −', 'In the timeline: zoom'), row('z', 'Show all of the time'), row('l', 'Live, or paused'), row('t', 'Theme'), row('?', 'This')),
    el('form', { method: 'dialog' }, el('button', { class: 'primary' }, 'Close')));
    $('keys').showModal();
  }

  press(e) {
    if (e.ctrlKey || e.metaKey || e.altKey || $('keys').open) return;
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName);
    if (e.key === 'Escape') { if (!typing) this.drawer.close(); return; }
    if (typing) return;
    const list = this.made[this.state.view]?.list;
    const act = {
      '/': () => { $('filter-text').focus(); $('filter-text').select(); },
      '?': () => this.help(), t: () => this.theme(), z: () => this.set({ since: null, until: null }),
      l: () => this.state.view === 'records' && !this.state.until && this.set({ live: this.state.live === '0' ? null : '0' }),
      j: () => list?.choose(list.chosen + 1), k: () => list?.choose(list.chosen - 1),
      1: () => this.go('records'), 2: () => this.go('sessions'), 3: () => { this.go('blame'); setTimeout(() => $('blame-path')?.focus()); }, 4: () => this.go('processes'),
    }[e.key];
    if (!act) return;
    e.preventDefault();
    if (e.key === 'j' || e.key === 'k') list?.element.focus();
    act();
  }
}

// For tests, and for who wants to look.
window.vexj = new App();
