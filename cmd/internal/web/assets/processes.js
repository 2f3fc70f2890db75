// SPDX-License-Identifier: Apache-2.0

import { ask } from './api.js';
import { count, el, fill, lasted, many, when } from './dom.js';
import { words } from './filter.js';
import { List } from './list.js';
import { none, withLimit } from './sessions.js';

// The tree of processes, with what each did. Whole branches can be folded.
export class Processes {
  constructor(app) {
    this.app = app;
    this.folded = new Set();
    this.list = new List({
      label: 'Processes', key: 'process', role: 'treegrid', item: 'row', heads: ['Process', 'PID', 'Agent · session', 'Began', 'Ran', 'Ended', 'Records', 'Changes', 'Failed'], row: (p) => this.row(p),
      open: (p) => (p.exec_id || p.fork_id) && app.open(p.exec_id || p.fork_id), more: (e, p, i) => this.press(e, p, i),
    });
    this.note = el('span', { class: 'dim' });
    this.left = el('span', { class: 'warn' });
    this.element = el('div', { class: 'view processes' },
      el('div', { class: 'tools' }, this.note, this.left, el('span', { class: 'space' }), el('button', { type: 'button', onclick: () => this.all(true) }, 'Fold all'), el('button', { type: 'button', onclick: () => this.all(false) }, 'Unfold all')),
      this.list.element, this.empty = el('div', { class: 'empty', hidden: true }, el('p', null, 'No process meets the filter.')));
  }

  async load(params) {
    // Other conditions would leave forks out, and with them the tree.
    const own = new URLSearchParams();
    for (const [k, v] of params) if (['agent', 'session', 'uid', 'since', 'until'].includes(k)) own.append(k, v);
    const ignored = words(this.app.state.q ?? '').filter((w) => !['agent', 'session', 'uid'].includes(w.key));
    fill(this.left, ignored.length ? 'The tree heeds agent, session, uid and time of the filter.' : '');
    this.element.setAttribute('aria-busy', 'true');
    const got = await ask('processes', withLimit(own, 5000), 'processes').catch(none({ processes: [], total: 0 }));
    this.element.removeAttribute('aria-busy');
    if (!got) return;
    this.byNumber = new Map(got.processes.map((p) => [p.number, { ...p, children: [] }]));
    this.roots = [];
    for (const p of this.byNumber.values()) (this.byNumber.get(p.parent)?.children ?? this.roots).push(p);
    fill(this.note, many(got.processes.length, 'process', 'processes'), got.more || got.over ? ` of ${count(got.total)}, the last to begin` : '');
    this.empty.hidden = got.processes.length > 0;
    this.unroll();
  }

  // unroll is the list of what is not folded.
  unroll(keep) {
    const items = [];
    const walk = (list, level) => list.forEach((p, i) => {
      Object.assign(p, { level, place: i + 1, of: list.length });
      items.push(p);
      if (!this.folded.has(p.number)) walk(p.children, level + 1);
    });
    walk(this.roots, 1);
    this.list.set(items);
    if (keep) this.list.choose(items.indexOf(keep));
  }

  row(p) {
    const fold = p.children.length ? el('button', { type: 'button', class: 'fold', tabindex: '-1', 'aria-label': this.folded.has(p.number) ? 'Unfold' : 'Fold', onclick: (e) => { e.preventDefault(); this.fold(p); } }, this.folded.has(p.number) ? '▸' : '▾') : el('span', { class: 'fold' });
    const name = el('span', { class: 'pname' }, fold, el('code', { title: p.path }, p.argv?.join(' ') || p.comm || '?'));
    name.style.paddingLeft = `${(p.level - 1) * 18}px`;
    const ended = p.exit_signal ? el('span', { class: 'fail' }, p.exit_signal) : p.ended ? el('span', { class: p.exit_code ? 'fail' : 'dim' }, `exit ${p.exit_code}`) : el('span', { class: 'running' }, 'running');
    const session = p.session && (this.app.names.get(p.session) ?? p.session);
    const e = el('div', { class: 'proc', 'aria-level': p.level, 'aria-expanded': p.children.length ? String(!this.folded.has(p.number)) : undefined },
      [name, el('span', { class: 'dim' }, p.pid), el('span', { class: 'agent' }, p.agent ?? '', session ? el('span', { class: 'dim' }, ` · ${session}`) : null), el('span', null, when(p.begun)),
        el('span', { class: 'num dim' }, lasted(new Date(p.last) - new Date(p.begun))), el('span', null, ended), el('span', { class: 'num' }, count(p.records)),
        el('span', { class: `num${p.changes ? '' : ' dim'}` }, count(p.changes)), el('span', { class: `num ${p.failed ? 'fail' : 'dim'}` }, count(p.failed))]);
    for (const cell of e.children) cell.setAttribute('role', 'gridcell');
    return e;
  }

  fold(p) {
    if (this.folded.has(p.number)) this.folded.delete(p.number);
    else this.folded.add(p.number);
    this.unroll(p);
  }

  all(folded) {
    this.folded = new Set(folded ? [...this.byNumber.values()].filter((p) => p.children.length).map((p) => p.number) : []);
    this.unroll();
  }

  press(e, p, i) {
    if (!p) return false;
    const folded = this.folded.has(p.number);
    if (e.key === 'ArrowRight' || e.key === 'ArrowLeft') {
      const open = e.key === 'ArrowRight';
      if (p.children.length && folded === open) this.fold(p);
      else if (open && p.children.length) this.list.choose(i + 1);
      else if (!open) this.list.choose(this.list.items.findIndex((o) => o.number === p.parent));
      return true;
    }
    return false;
  }

  again() { if (this.roots) this.unroll(); }

  leave() {}
}
