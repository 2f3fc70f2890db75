// SPDX-License-Identifier: Apache-2.0

import { ask, ended } from './api.js';
import { bytes, count, el, fill, lasted, many, short, when } from './dom.js';
import { List } from './list.js';
import { path } from './record.js';

// Sessions, and of one what was declared against what was changed.
export class Sessions {
  constructor(app) {
    this.app = app;
    this.list = new List({ label: 'Sessions, the last active first', key: 'session', height: 58, row: (s) => this.row(s), open: (s) => app.set({ session: s.id }) });
    this.detail = el('div', { class: 'detail', tabindex: '-1' });
    this.note = el('span', { class: 'dim' });
    this.element = el('div', { class: 'view sessions' }, el('div', { class: 'side' }, el('div', { class: 'tools' }, this.note), this.list.element), this.detail);
  }

  row(s) {
    return el('div', { class: 'session' },
      el('span', { class: 'name' }, s.name || s.id), el('span', { class: 'count' }, `${short(s.changes)} changes`),
      el('span', { class: 'dim' }, s.agents.join(', ') || 'no agent'), el('span', { class: 'dim count' }, when(s.last)));
  }

  async load(params) {
    const got = await ask('sessions', withLimit(params, 500), 'sessions').catch(none({ sessions: [] }));
    if (!got) return;
    this.items = got.sessions;
    this.app.learn(got.sessions);
    fill(this.note, many(got.sessions.length, 'session'), got.more || got.over ? ' and more' : '');
    this.list.set(this.items);
    const wanted = this.app.state.session ?? this.items[0]?.id;
    this.list.choose(this.items.findIndex((s) => s.id === wanted || s.name === wanted), false);
    if (!wanted) { fill(this.detail, el('div', { class: 'empty' }, el('p', null, 'No session meets the filter.'), el('p', { class: 'dim' }, 'vexjctl run --session NAME -- CMD begins one.'))); return; }
    await this.show(wanted);
  }

  async show(id) {
    if (this.shown !== id) fill(this.detail, el('div', { class: 'empty dim' }, '…'));
    this.shown = id;
    const which = encodeURIComponent(id);
    const [s, d] = (await Promise.all([ask(`sessions/${which}`, { limit: 8 }, 'session'), ask(`sessions/${which}/diff`, { limit: 500 }, 'diff')]).catch(none([]))) ?? [];
    if (this.shown !== id) return;
    if (!s) { fill(this.detail, el('div', { class: 'empty' }, el('p', null, `There is no session ${id}.`))); return; }
    const took = new Date(s.last) - new Date(s.first);
    const touched = d.declared.filter((p) => p.paths > 0);
    const untouched = d.declared.filter((p) => p.paths === 0);
    fill(this.detail,
      el('header', null, el('h2', null, s.name || s.id),
        el('p', { class: 'dim' }, s.agents.join(', ') || 'no agent', ' · ', when(s.first), ' – ', when(s.last), ' · ', lasted(took)),
        el('p', { class: 'links' }, el('button', { type: 'button', onclick: () => this.app.filter('session', s.id, 'records') }, 'Its records'),
          el('button', { type: 'button', onclick: () => this.app.filter('session', s.id, 'processes') }, 'Its processes'))),
      el('div', { class: 'figures' }, figure(count(s.records), 'records'), figure(count(s.changes), 'changes'), figure(bytes(s.written_bytes), 'written'), figure(count(s.failed), 'failed'),
        figure(count(d.undeclared.length) + (d.more || d.over ? '+' : ''), 'undeclared', d.undeclared.length ? 'warn' : 'good')),
      el('section', { class: 'intents' }, el('h3', null, 'Declared: ', many(s.declared.length, 'intent')), s.declared.length ? s.declared.map((i) => el('blockquote', null, el('p', null, i.text),
        el('footer', { class: 'dim' }, when(i.time), i.ended ? [' – ', when(i.ended)] : ', not ended', i.cwd ? ` · in ${i.cwd}` : ''))) : el('p', { class: 'dim' }, 'It said nothing of what it would do.')),
      el('div', { class: 'against' },
        el('section', { 'aria-label': 'Declared' }, el('h3', null, 'Said it would change'),
          d.declared.length ? el('ul', null, [...touched, ...untouched].map((p) => el('li', { class: p.bad ? 'bad' : p.paths ? 'good' : 'idle' },
            el('span', { class: 'mark', 'aria-hidden': 'true' }, p.bad ? '!' : p.paths ? '✓' : '–'), el('code', { title: p.whole }, p.pattern), el('span', { class: 'dim' }, p.bad ? 'is no pattern' : p.paths ? many(p.paths, 'file') : 'not touched')))) : el('p', { class: 'dim' }, 'Nothing.')),
        el('section', { 'aria-label': 'Observed and not declared' }, el('h3', null, 'Changed without saying so'),
          d.undeclared.length ? el('ul', null, d.undeclared.map((p) => el('li', { class: 'warn' }, el('span', { class: 'mark', 'aria-hidden': 'true' }, '!'),
            el('button', { type: 'button', class: 'value', title: `Who changed ${p.path}`, onclick: () => this.app.go('blame', { path: p.path }) }, path(p.path)),
            el('button', { type: 'button', class: 'value dim', title: 'The first change', onclick: () => this.app.open(p.first_id) }, many(p.records, 'change'))))) : el('p', { class: 'good' }, `✓ All ${many(d.paths, 'file')} that it changed had been declared.`),
          d.more || d.over ? el('p', { class: 'dim' }, 'There are more.') : null)),
      el('div', { class: 'tops' }, top('Operations', s.types.slice(0, 8)), top('Programs', s.programs), top('Files', s.paths, true)));
  }

  leave() {}
}

export const withLimit = (params, n) => { const p = new URLSearchParams(params); p.set('limit', String(n)); return p; };
export const none = (instead) => (e) => { if (ended(e)) return undefined; if (e.status === 404) return instead; throw e; };

const figure = (n, name, tone) => el('div', { class: `figure ${tone ?? ''}` }, el('b', null, n), el('span', null, name));

function top(title, list, paths) {
  const most = Math.max(1, ...list.map((c) => c.records));
  return el('section', null, el('h3', null, title), el('ul', { class: 'bars' }, list.map((c) => {
    const bar = el('i');
    bar.style.width = `${c.records / most * 100}%`;
    return el('li', null, bar, el('span', { class: 'label' }, paths ? path(c.name) : c.name), el('span', { class: 'dim' }, short(c.records)));
  })));
}
