// SPDX-License-Identifier: Apache-2.0

import { ask, ended } from './api.js';
import { bytes, count, el, fill, many, when } from './dom.js';
import { literal } from './filter.js';

// path with its last part told from its folder.
export function path(text, title) {
  const at = text.replace(/\/+$/, '').lastIndexOf('/') + 1;
  return el('span', { class: 'path', title: title ?? text }, el('span', { class: 'dir' }, text.slice(0, at)), el('span', { class: 'base' }, text.slice(at)));
}

// intentOf is what the metadata of an intent says besides.
function metadata(r) {
  if (!r.metadata) return null;
  try { return new TextDecoder().decode(Uint8Array.from(atob(r.metadata), (c) => c.charCodeAt(0))); } catch { return null; }
}

// what is the record in a line.
export function what(r) {
  if (r.gap) return [el('span', { class: 'bad' }, gapText(r.gap))];
  if (r.lost) return [el('span', { class: 'bad' }, lostText(r.lost))];
  if (r.agent_intent) return [el('span', { class: 'quote' }, `“${r.agent_intent}”`)];
  if (r.type === 'exec') return [el('code', { title: r.path }, (r.argv ?? [r.path]).join(' '))];
  if (r.type === 'fork' && r.child) return [`process ${r.child.pid}`];
  if (r.type === 'exit') return [r.exit_signal ? `by ${r.exit_signal}` : `with ${r.exit_code ?? '?'}`];
  if (r.path && r.path2) {
    const folder = r.path.slice(0, r.path.lastIndexOf('/') + 1);
    const beside = r.path2.startsWith(folder) && !r.path2.slice(folder.length).includes('/');
    return [path(r.path), el('span', { class: 'dim' }, ' → '), beside ? el('span', { class: 'path base', title: r.path2 }, r.path2.slice(folder.length)) : path(r.path2)];
  }
  if (r.path) return [path(r.path)];
  if (r.producer_counts) return [`${r.producer_counts.producer}${r.uncovered ? `, cannot see ${many(r.uncovered.length, 'kind')} of operations` : ''}`];
  return [el('span', { class: 'dim' }, r.name ?? '')];
}

const causes = { full: 'a ring was full', 'too-big': 'too large', nested: 'one interrupted another', path: 'a path could not be read', fault: 'memory could not be read', state: 'the probe had no room to remember', malformed: 'not a record', unknown: 'nobody knows why' };
function lostText(l) {
  if (l.cause === 'unclean') return 'The run before was not ended: what it saw last may be missing';
  return `${many(l.count, 'record')} lost: ${causes[l.cause] ?? l.cause}${l.first ? ` (numbers ${count(l.first)} to ${count(l.last)})` : ''}`;
}

const reasons = { slow: 'The page did not keep up', removed: 'Older records were removed', damaged: 'Part of the journal cannot be read', 'taken-back': 'A crash took records back' };
export function gapText(g) {
  if (g.reason === 'lost') return lostText({ count: g.lost ?? 0, cause: g.cause });
  const n = g.missed || g.lost;
  return `${reasons[g.reason] ?? g.reason}${n ? `: ${many(n, 'record')}` : ''}`;
}

export function outcome(r) {
  if (r.io?.error) return el('span', { class: 'fail' }, r.io.error);
  if (['read', 'write'].includes(r.type) && r.io?.result > 0) return el('span', { class: 'dim' }, bytes(r.io.result));
  return null;
}

// The Drawer shows one record: all of it, how it came about, and what came of it.
export class Drawer {
  constructor(element, { filter, open, names, closed, go }) {
    Object.assign(this, { element, filter, open, names, closed, go });
  }

  close() {
    if (this.element.hidden) return false;
    this.element.hidden = true;
    this.id = null;
    this.closed();
    return true;
  }

  async show(id) {
    this.id = id;
    this.element.hidden = false;
    fill(this.element, this.head('…'));
    try {
      const why = await ask('why', { id }, 'drawer');
      if (this.id !== id) return;
      this.render(why);
      const impact = await ask('impact', { id, limit: 12 }, 'drawer');
      if (this.id === id) this.effects.replaceWith(this.list(`Came of it: ${count(impact.effects)}${impact.over ? ' and more' : ''}`, impact.records));
    } catch (e) {
      if (ended(e)) return;
      fill(this.element, this.head('Record'), el('p', { class: 'error' }, e.message));
    }
  }

  head(title) {
    return el('header', null, el('h2', null, title), el('button', { type: 'button', class: 'icon', title: 'Close (Esc)', 'aria-label': 'Close', onclick: () => this.close() }, '×'));
  }

  render(why) {
    const r = why.event;
    const row = (name, value, key, of) => (value === undefined || value === null || value === '' ? null
      : [el('dt', null, name), el('dd', null, key ? el('button', { type: 'button', class: 'value', title: `Show what has ${key} ${of ?? value}`, onclick: () => this.filter(key, of ?? value) }, value) : value)]);
    const t = r.task ?? {};
    const f = r.file ?? {};
    this.effects = el('section');
    const meta = metadata(r);
    fill(this.element,
      this.head(r.type),
      el('p', { class: 'gist' }, what(r)),
      r.path ? el('p', { class: 'links' }, el('button', { type: 'button', onclick: () => this.go('blame', { path: r.path2 || r.path }) }, 'Who changed this file?'),
        el('button', { type: 'button', onclick: () => this.filter('path', literal(r.path)) }, 'What else happened to it?')) : null,
      el('dl', null,
        row('time', when(r.time, true)),
        row('result', r.io?.error ? el('span', { class: 'fail' }, r.io.error) : r.type === 'read' || r.type === 'write' ? bytes(Math.max(r.io?.result ?? 0, 0)) : null),
        row('path', r.path, 'path', r.path && literal(r.path)),
        row('to', r.path2, 'path', r.path2 && literal(r.path2)),
        row('program', t.comm, 'comm', t.comm && literal(t.comm)),
        row('argv', r.argv && el('code', null, r.argv.join(' '))),
        row('process', r.pid || null, 'pid'),
        row('user', t.uid, 'uid'),
        row('agent', r.agent_id, 'agent'),
        row('session', r.session && (this.names.get(r.session) ?? r.session), 'session', r.session),
        row('inode', f.inode && `${f.inode} on ${f.dev}`, 'inode', f.inode),
        row('mode', f.mode), row('size', f.size !== undefined && f.kind ? bytes(f.size) : null),
        row('flags', r.flags?.join(', ')), row('producer', r.producer), row('number', r.ordinal && count(r.ordinal)), row('event', r.id && el('code', null, r.id)),
        row('declared', meta && el('code', null, meta))),
      why.intent ? el('section', null, el('h3', null, 'Why'), el('p', { class: 'quote' }, `“${why.intent.text}”`),
        el('p', { class: 'dim' }, [why.intent.agent, why.intent.session_name].filter(Boolean).join(' · '), ' ', when(why.intent.time))) : null,
      why.causes.length ? this.list('Caused by', why.causes) : null,
      why.processes.length ? el('section', null, el('h3', null, 'Processes'), el('ol', { class: 'ancestors' }, why.processes.map((p) => el('li', null,
        el('code', null, p.argv?.join(' ') || p.comm || '?'), el('span', { class: 'dim' }, ` ${p.pid}`))))) : null,
      why.cut ? el('p', { class: 'dim' }, 'A cause of it is not in the journal any more.') : null,
      this.effects,
      el('details', null, el('summary', null, 'JSON'), el('pre', null, JSON.stringify(r, null, 2))));
    this.element.scrollTop = 0;
  }

  list(title, records) {
    return el('section', null, el('h3', null, title), records.length ? el('ul', { class: 'events' }, records.map((r) => el('li', null,
      el('button', { type: 'button', class: 'event', onclick: () => this.open(r.id) }, el('span', { class: `dot ${r.category}` }), el('b', null, r.type), ' ', what(r))))) : el('p', { class: 'dim' }, 'Nothing that was recorded.'));
  }
}
