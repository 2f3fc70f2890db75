// SPDX-License-Identifier: Apache-2.0

import { ask, ended, follow } from './api.js';
import { clock, count, el, fill, many } from './dom.js';
import { List } from './list.js';
import { outcome, what } from './record.js';

// What leaves a file changed, as the group modify of the filter has it.
const changes = new Set('create delete write rename chmod chown truncate mkdir rmdir symlink hardlink mknod setxattr removexattr utimes fallocate mmap-write ioctl'.split(' '));
const page = 200;
const most = 20_000; // rows that are kept; a page has no use for more
const again = 2000; // ms until a stream that was refused is asked for once more
const calm = 120; // ms between two paintings of what comes

// The records, the newest first: what comes, and as far back as one scrolls.
export class Records {
  constructor(app) {
    this.app = app;
    this.list = new List({
      label: 'Records, the newest first', key: 'record', heads: ['Time', 'What', 'Where', 'Result', 'Program', 'Agent · session'],
      row: (r) => this.row(r), open: (r) => r.id && app.open(r.id), end: () => this.older(),
    });
    this.list.element.addEventListener('scroll', () => this.settle());
    this.button = el('button', { type: 'button', class: 'live', 'aria-keyshortcuts': 'l', onclick: () => app.set({ live: app.state.live === '0' ? null : '0' }) });
    this.note = el('span', { class: 'dim' });
    this.fresh = el('button', { type: 'button', class: 'fresh', hidden: true, onclick: () => { this.list.element.scrollTop = 0; this.settle(); } });
    this.empty = el('div', { class: 'empty', hidden: true });
    this.element = el('div', { class: 'view records' },
      el('div', { class: 'tools' }, this.button, this.note, el('span', { class: 'space' }), this.fresh),
      this.list.element, this.empty);
  }

  row(r) {
    if (r.gap) return el('div', { class: 'record gap' }, el('time', { datetime: r.time, title: r.time }, clock(new Date(r.time), true)), el('span', { class: 'bad' }, 'gap'), el('span', { class: 'where' }, what(r)));
    const session = r.session && (this.app.names.get(r.session) ?? r.session);
    const changed = changes.has(r.type) && !r.io?.error;
    return el('div', { class: `record${r.lost ? ' gap' : ''}${r.io?.error ? ' failed' : ''}${changed || r.category !== 'filesystem' ? ' changes' : ''}` },
      el('time', { datetime: r.time, title: r.time }, clock(new Date(r.time), true)),
      el('span', { class: 'type' }, el('span', { class: `dot ${changed ? 'changed' : r.category}` }), r.type),
      el('span', { class: 'where' }, what(r)),
      el('span', { class: 'out' }, outcome(r)),
      el('span', { class: 'who' }, r.task?.comm || r.producer, r.pid ? el('span', { class: 'dim' }, ` ${r.pid}`) : null),
      el('span', { class: 'agent' }, r.agent_id ? [r.agent_id, session ? el('span', { class: 'dim' }, ` · ${session}`) : null] : null));
  }

  // load begins again, with what the filter takes.
  async load(params) {
    this.leave();
    clearTimeout(this.timer);
    this.timer = null;
    this.params = params;
    this.waiting = [];
    this.items = [];
    this.done = false;
    this.busy = true;
    this.element.setAttribute('aria-busy', 'true');
    try {
      const p = await ask('log', this.query({ limit: page }), 'log');
      this.cursor = p.cursor;
      this.done = !p.more;
      this.items = p.records;
      this.damaged = p.damaged;
    } catch (e) {
      if (ended(e)) return;
      this.done = true;
      if (e.status !== 404) throw e;
    } finally {
      this.busy = false;
      this.element.removeAttribute('aria-busy');
    }
    this.list.element.scrollTop = 0;
    this.list.set(this.items);
    this.state(null);
    this.awake(true);
  }

  // awake follows what comes, unless nobody looks: a browser has few connections to a
  // server, and other tabs need them too.
  awake(is) {
    this.leave();
    if (is && this.app.state.live !== '0' && !this.params.has('until')) this.stop = follow(this.followed(), (line) => this.take(line), (s) => {
      this.state(s === 'closed' ? 'lost' : s);
      if (s === 'closed') setTimeout(() => this.stop && this.awake(!document.hidden), again);
    });
  }

  query(more) {
    const p = new URLSearchParams(this.params);
    p.set('reverse', 'true');
    for (const [k, v] of Object.entries(more)) p.set(k, v);
    return p;
  }

  // followed goes on behind the newest record that is shown, so that none is missed.
  followed() {
    const p = new URLSearchParams(this.params);
    const last = this.waiting.at(-1) ?? this.items[0];
    p.set('after', last?.cursor ?? last?.gap?.cursor ?? 'oldest');
    return p;
  }

  async older() {
    if (this.busy || this.done || !this.items.length || this.items.length >= most) return;
    this.busy = true;
    try {
      const p = await ask('log', this.query({ limit: page, before: this.cursor }), 'log');
      this.cursor = p.cursor;
      this.done = !p.more;
      this.items = this.items.concat(p.records);
      this.list.set(this.items);
      this.state(this.now);
    } catch (e) {
      if (!ended(e)) { this.done = true; this.app.failed(e); }
    } finally {
      this.busy = false;
    }
  }

  // take is called for each line of the stream: what comes is painted a few times a second.
  take(line) {
    if (!line.type && !line.gap) return;
    if (line.gap) {
      // Its record comes too, unless the filter leaves it out: the banner tells of it.
      if (line.gap.reason === 'lost') { this.app.lost(); return; }
      line.time = new Date().toISOString();
    }
    this.waiting.push(line);
    if (this.waiting.length > most) this.waiting.shift();
    this.timer ??= setTimeout(() => { this.timer = null; this.settle(); }, calm);
  }

  // settle puts what came above the list, if its beginning is in sight.
  settle() {
    if (!this.waiting?.length) { this.fresh.hidden = true; return; }
    if (this.list.element.scrollTop > 4) {
      this.fresh.hidden = false;
      fill(this.fresh, `${count(this.waiting.length)} new`);
      return;
    }
    this.fresh.hidden = true;
    const added = this.waiting.reverse();
    this.waiting = [];
    this.items = added.concat(this.items);
    if (this.items.length > most) { this.items.length = most; this.done = true; }
    if (added.some((r) => r.lost || r.gap)) this.app.lost();
    this.list.set(this.items, added.length);
    this.state(this.now);
  }

  state(now) {
    this.now = now;
    const live = this.app.state.live !== '0' && !this.params.has('until');
    const state = !live ? 'paused' : now === 'lost' ? 'lost' : now === 'live' ? 'on' : 'wait';
    this.button.dataset.state = state;
    this.button.setAttribute('aria-pressed', String(live));
    this.button.title = this.params.has('until') ? 'A range of the past is shown; z shows all' : 'Live (l)';
    this.button.disabled = this.params.has('until');
    fill(this.button, { paused: 'Paused', lost: 'Reconnecting', on: 'Live', wait: 'Live' }[state]);
    fill(this.note, many(this.items.length, 'record'), this.done ? '' : ' so far, more below', this.damaged ? '; part of the journal cannot be read' : '');
    this.empty.hidden = this.items.length > 0;
    fill(this.empty, el('p', null, this.app.state.q || this.params.has('since') ? 'No record meets the filter.' : 'Nothing was recorded yet.'),
      live ? el('p', { class: 'dim' }, 'What comes will be shown here.') : null);
  }

  again() { this.list.set(this.items); }

  leave() {
    this.stop?.();
    this.stop = null;
  }
}
