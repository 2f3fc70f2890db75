// SPDX-License-Identifier: Apache-2.0

import { ask, ended } from './api.js';
import { clock, count, day, el, fill, lasted, many, say, short } from './dom.js';

// The categories, from the bottom of a bar to its top.
const stack = ['changed', 'filesystem', 'process', 'semantic', 'agent', 'vector', 'graph', 'observability', 'system'];
const names = { filesystem: 'read' };
const barWidth = 7;
const patience = 25; // a part of the time that may go into refreshing
const room = { top: 14, bottom: 18 };

// A Timeline counts what the filter takes over time. Dragging, or Enter on a stretch that was
// marked with Shift and the arrows, zooms in: range is told of it.
export class Timeline {
  constructor(parent, range) {
    this.range = range;
    this.canvas = el('canvas', { 'aria-hidden': 'true' });
    this.tip = el('div', { class: 'tip', hidden: true });
    this.plot = el('div', {
      class: 'plot', tabindex: '0', role: 'group', 'aria-label': 'Records over time',
      'aria-description': 'Left and right move, with Shift they mark; Enter zooms in, minus zooms out, z shows all',
      onpointerdown: (e) => this.down(e), onpointermove: (e) => this.move(e), onpointerup: (e) => this.up(e),
      onpointerleave: () => this.hover(-1), ondblclick: () => range(null), onkeydown: (e) => this.press(e), onblur: () => this.hover(-1),
    }, this.canvas, this.tip);
    this.head = el('div', { class: 'head' });
    fill(parent, this.head, this.plot);
    this.at = this.from = this.to = -1;
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  // load asks again; params are those of the filter, with since and until.
  async load(params) {
    this.plot.setAttribute('aria-busy', 'true');
    const begun = performance.now();
    const p = new URLSearchParams(params);
    p.set('buckets', String(Math.max(40, Math.min(400, Math.floor(this.plot.clientWidth / barWidth)))));
    // What is lost is shown whatever the filter takes.
    const lost = new URLSearchParams({ type: 'lost', buckets: '2000' });
    for (const k of ['since', 'until']) if (p.has(k)) lost.set(k, p.get(k));
    try {
      const [answer, losses] = await Promise.all([ask('timeline', p, 'timeline'), ask('timeline', lost, 'losses')]);
      this.losses = losses;
      this.zoomed = p.has('since') || p.has('until');
      this.show(answer);
    } catch (e) {
      if (ended(e)) return;
      this.show(null);
      if (e.status !== 404) throw e;
    } finally {
      this.plot.removeAttribute('aria-busy');
      this.took = performance.now() - begun;
      this.loaded = performance.now();
    }
  }

  // refresh is load, if the recorder is not kept busy by it: it counts the whole journal.
  refresh(params) {
    if (this.dragging || this.at >= 0 || performance.now() - this.loaded < patience * this.took) return;
    this.load(params).catch(() => {}); // the next one tells
  }

  show(answer) {
    this.data = answer?.first ? answer : null;
    // What changes files is told from what looks at them.
    for (const r of this.data ? [this.data.total, ...this.data.rows] : []) {
      r.categories.changed = Math.min(r.changes ?? 0, r.categories.filesystem ?? 0);
      r.categories.filesystem = (r.categories.filesystem ?? 0) - r.categories.changed;
    }
    this.rows = new Map((this.data?.rows ?? []).map((r) => [r.index, r]));
    this.lost = new Map();
    for (const r of this.data ? this.losses.rows : []) {
      if (!r.lost) continue;
      const at = Date.parse(this.losses.start) + (r.index + 0.5) * this.losses.width / 1e6;
      const i = Math.floor((at - Date.parse(this.data.start)) / (this.data.width / 1e6));
      if (i >= 0 && i < this.data.buckets) this.lost.set(i, (this.lost.get(i) ?? 0) + r.lost);
    }
    this.missing = [...this.lost.values()].reduce((a, b) => a + b, 0);
    this.at = this.from = this.to = -1;
    this.tip.hidden = true;
    this.headline();
    this.draw();
  }

  // time is where a bucket begins.
  time(i) { return new Date(Date.parse(this.data.start) + i * this.data.width / 1e6); }

  headline() {
    if (!this.data) {
      fill(this.head, el('span', { class: 'dim' }, 'No records'));
      return;
    }
    const { total } = this.data;
    const from = new Date(this.data.first);
    const to = new Date(this.data.last);
    fill(this.head,
      el('strong', null, many(total.records, 'record')),
      el('span', { class: 'dim' }, `${day(from)} ${clock(from)} – ${day(to) === day(from) ? '' : `${day(to)} `}${clock(to)}`),
      el('span', { class: 'legend' }, stack.filter((c) => total.categories[c]).map((c) => el('span', { class: `key ${c}`, title: many(total.categories[c], 'record') }, names[c] ?? c, ' ', el('b', null, short(total.categories[c]))))),
      total.failed ? el('span', { class: 'dim' }, `${count(total.failed)} failed`) : null,
      this.missing ? el('span', { class: 'bad' }, `${count(this.missing)} lost`) : null,
      el('span', { class: 'space' }),
      el('span', { class: 'dim' }, `${lasted(this.data.width / 1e6)} a bar`),
      el('span', { class: 'buttons' },
        [['15 min', 15], ['1 h', 60], ['6 h', 360]].map(([name, minutes]) => el('button', { type: 'button', title: `The last ${name}`, onclick: () => this.range({ since: new Date(Date.now() - minutes * 60e3) }) }, name)),
        el('button', { type: 'button', title: 'All (z)', disabled: !this.zoomed, onclick: () => this.range(null) }, 'All')));
    this.plot.setAttribute('aria-label', `Records over time: ${many(total.records, 'record')} from ${clock(from)} to ${clock(to)}${this.missing ? `, ${count(this.missing)} lost` : ''}`);
  }

  draw() {
    const { clientWidth: w, clientHeight: h } = this.plot;
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = w * scale;
    this.canvas.height = h * scale;
    const g = this.canvas.getContext('2d');
    g.scale(scale, scale);
    g.clearRect(0, 0, w, h);
    const css = getComputedStyle(this.plot);
    const color = (name) => css.getPropertyValue(`--${name}`).trim();
    const base = h - room.bottom;
    g.strokeStyle = color('line');
    g.beginPath();
    g.moveTo(0, base + 0.5);
    g.lineTo(w, base + 0.5);
    g.stroke();
    if (!this.data) return;
    const n = this.data.buckets;
    const step = w / n;
    const most = Math.max(1, ...this.data.rows.map((r) => r.records));
    const colors = Object.fromEntries(stack.map((c) => [c, color(`c-${c}`)]));
    const gap = step > 4 ? 1 : 0;
    for (const r of this.data.rows) {
      const x = r.index * step;
      let y = base;
      for (const c of stack) {
        const share = r.categories[c];
        if (!share) continue;
        const tall = Math.max(share / most * (base - room.top), c === stack[0] ? 1 : 0);
        g.fillStyle = colors[c];
        g.fillRect(x, y - tall, Math.max(step - gap, 1), tall);
        y -= tall;
      }
    }
    for (const i of this.lost.keys()) {
      const x = (i + 0.5) * step;
      g.fillStyle = color('loss-wash');
      g.fillRect(x - Math.max(step, 8) / 2, 0, Math.max(step, 8), base);
      g.fillStyle = color('bad');
      g.fillRect(x - 1, 0, 2, base);
      g.beginPath();
      g.moveTo(x - 5, 0);
      g.lineTo(x + 5, 0);
      g.lineTo(x, 8);
      g.fill();
    }
    this.marks(g, w, h, color, css);
    g.fillStyle = color('dim');
    g.font = `10px ${css.fontFamily}`;
    g.textAlign = 'left';
    g.fillText(short(most), 2, 10);
    const [a, b] = [Math.min(this.from, this.to), Math.max(this.from, this.to)];
    if (this.from >= 0 && b >= a) {
      g.fillStyle = color('selection');
      g.fillRect(a * step, 0, (b - a + 1) * step, base);
    }
    if (this.at >= 0) {
      g.strokeStyle = color('dim');
      g.strokeRect(this.at * step + 0.5, 0.5, Math.max(step - 1, 1), base - 1);
    }
  }

  // marks are times below the bars, as many as there is room for.
  marks(g, w, h, color, css) {
    const span = this.data.buckets * this.data.width / 1e6;
    const start = Date.parse(this.data.start);
    const steps = [1e3, 5e3, 15e3, 30e3, 60e3, 300e3, 600e3, 900e3, 1800e3, 3600e3, 7200e3, 14400e3, 21600e3, 43200e3, 86400e3, 7 * 86400e3, 30 * 86400e3];
    const every = steps.find((s) => span / s <= w / 90) ?? 365 * 86400e3;
    const shift = new Date(start).getTimezoneOffset() * 60e3;
    g.fillStyle = color('dim');
    g.strokeStyle = color('line');
    g.font = `10px ${css.fontFamily}`;
    g.textAlign = 'center';
    for (let t = Math.ceil((start - shift) / every) * every + shift; t < start + span; t += every) {
      const x = (t - start) / span * w;
      if (x < 24 || x > w - 24) continue;
      const d = new Date(t);
      const text = every >= 86400e3 ? day(d).slice(5) : every < 60e3 ? clock(d) : clock(d).slice(0, 5);
      g.fillText(text, x, h - 5);
      g.beginPath();
      g.moveTo(Math.round(x) + 0.5, h - room.bottom);
      g.lineTo(Math.round(x) + 0.5, h - room.bottom + 4);
      g.stroke();
    }
  }

  bucket(e) {
    const box = this.plot.getBoundingClientRect();
    return Math.max(0, Math.min(this.data.buckets - 1, Math.floor((e.clientX - box.left) / box.width * this.data.buckets)));
  }

  down(e) {
    if (!this.data || e.button) return;
    this.plot.setPointerCapture(e.pointerId);
    this.from = this.to = this.bucket(e);
    this.dragging = true;
  }

  move(e) {
    if (!this.data) return;
    const i = this.bucket(e);
    if (this.dragging) this.to = i;
    this.hover(i);
  }

  up() {
    if (!this.dragging) return;
    this.dragging = false;
    if (this.from !== this.to) this.zoom();
    else { this.from = this.to = -1; this.draw(); }
  }

  // zoom into what is marked.
  zoom() {
    const [a, b] = [Math.min(this.from, this.to), Math.max(this.from, this.to)];
    this.range({ since: this.time(a), until: this.time(b + 1) });
  }

  hover(i) {
    this.at = i;
    this.draw();
    if (i < 0 || !this.data) {
      this.tip.hidden = true;
      return;
    }
    const r = this.rows.get(i) ?? { records: 0, categories: {} };
    const [from, to] = [this.time(i), this.time(i + 1)];
    fill(this.tip, el('b', null, `${clock(from, this.data.width < 1e9)} – ${clock(to, this.data.width < 1e9)}`),
      el('span', null, many(r.records, 'record')),
      stack.filter((c) => r.categories[c]).map((c) => el('span', { class: `key ${c}` }, `${names[c] ?? c} ${count(r.categories[c])}`)),
      r.failed ? el('span', { class: 'dim' }, `${count(r.failed)} failed`) : null,
      this.lost.has(i) ? el('span', { class: 'bad' }, `${count(this.lost.get(i))} lost`) : null);
    this.tip.hidden = false;
    const x = (i + 0.5) / this.data.buckets * this.plot.clientWidth;
    this.tip.style.left = `${Math.max(4, Math.min(x + 12, this.plot.clientWidth - this.tip.offsetWidth - 4))}px`;
  }

  press(e) {
    if (!this.data || e.ctrlKey || e.metaKey || e.altKey) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (by) {
      const at = this.at < 0 ? (by > 0 ? 0 : this.data.buckets - 1) : Math.max(0, Math.min(this.data.buckets - 1, this.at + by));
      if (e.shiftKey) {
        if (this.from < 0) this.from = Math.max(this.at, 0);
        this.to = at;
      } else this.from = this.to = -1;
      this.hover(at);
      const r = this.rows.get(at);
      say(`${clock(this.time(at))}: ${many(r?.records ?? 0, 'record')}${this.lost.has(at) ? `, ${count(this.lost.get(at))} lost` : ''}`);
    } else if (e.key === 'Enter' && this.at >= 0) {
      if (this.from < 0) this.from = this.to = this.at;
      this.zoom();
    } else if (e.key === '+' || e.key === '=') {
      const mid = this.at < 0 ? Math.floor(this.data.buckets / 2) : this.at;
      const half = Math.max(1, Math.floor(this.data.buckets / 8));
      this.from = Math.max(0, mid - half);
      this.to = Math.min(this.data.buckets - 1, mid + half);
      this.zoom();
    } else if (e.key === '-') {
      const span = this.data.buckets * this.data.width / 1e6;
      this.range({ since: new Date(this.time(0) - span / 2), until: new Date(+this.time(this.data.buckets) + span / 2) });
    } else return;
    e.preventDefault();
    e.stopPropagation();
  }
}
