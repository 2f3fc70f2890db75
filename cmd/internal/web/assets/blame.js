// SPDX-License-Identifier: Apache-2.0

import { ask, ended } from './api.js';
import { bytes, el, fill, lasted, many, when } from './dom.js';
import { path } from './record.js';

// Who changed a file, or the files of a folder, the last first.
export class Blame {
  constructor(app) {
    this.app = app;
    this.input = el('input', { type: 'text', id: 'blame-path', name: 'path', placeholder: '/etc/passwd, or a folder', spellcheck: 'false' });
    this.answer = el('div', { class: 'answer' });
    this.element = el('div', { class: 'view blame' },
      el('form', { class: 'tools', onsubmit: (e) => { e.preventDefault(); app.set({ path: this.input.value.trim() || null, all: null }); } },
        el('label', { for: 'blame-path' }, 'Who changed'), this.input, el('button', { type: 'submit', class: 'primary' }, 'Find')), this.answer);
    this.input.setAttribute('spellcheck', 'false');
  }

  async load() {
    const { path: asked, all } = this.app.state;
    this.input.value = asked ?? '';
    if (!asked) {
      fill(this.answer, el('div', { class: 'empty' }, el('p', null, 'Give the path of a file or a folder.'), el('p', { class: 'dim' }, 'A file is followed through its names: what it was called before counts.')));
      return;
    }
    this.element.setAttribute('aria-busy', 'true');
    try {
      const b = await ask('blame', all ? { path: asked, limit: 100, all: 'true' } : { path: asked, limit: 5, files: 100 }, 'blame');
      fill(this.answer, b.damaged ? el('p', { class: 'error' }, 'Part of the journal cannot be read: there may be more.') : null,
        b.folder ? el('p', { class: 'dim' }, many(b.files.length, 'file'), b.more ? ' and more' : '', ' below ', el('code', null, asked), ', the last changed first') : null,
        b.files.map((f) => this.file(f)));
    } catch (e) {
      if (ended(e)) return;
      fill(this.answer, el('div', { class: 'empty' }, el('p', null, e.status === 404 ? `Nobody has changed ${asked}, as far as the journal knows.` : e.message)));
    } finally {
      this.element.removeAttribute('aria-busy');
    }
  }

  file(f) {
    return el('section', { class: 'file' },
      el('h3', null, path(f.path), f.gone ? el('span', { class: 'tag' }, 'deleted') : null),
      el('ol', { class: 'writers' }, f.writers.map((w, i) => this.writer(w, f, i === 0))),
      f.more ? el('button', { type: 'button', class: 'more', onclick: () => this.app.set({ path: f.path, all: '1' }) }, 'Earlier ones') : null);
  }

  writer(w, f, last) {
    const took = new Date(w.last) - new Date(w.first);
    const others = w.paths.filter((p) => p !== f.path);
    return el('li', { class: last ? 'last' : '' },
      el('div', { class: 'line' },
        el('b', null, w.agent || w.comm || `process ${w.pid}`),
        w.session ? el('button', { type: 'button', class: 'value', onclick: () => this.app.go('sessions', { session: w.session }) }, w.session_name || this.app.names.get(w.session) || w.session) : null,
        el('span', { class: 'dim' }, w.agent ? `${w.comm} ${w.pid}` : `pid ${w.pid}`, ` · uid ${w.uid}`),
        el('span', { class: 'space' }), el('span', null, when(w.last))),
      w.intent ? el('p', { class: 'quote' }, `“${w.intent.text}”`) : w.agent ? el('p', { class: 'dim' }, 'It did not say why.') : null,
      el('div', { class: 'line dim' }, w.types.map((t) => el('span', { class: 'tag' }, t)),
        many(w.records, 'record'), w.bytes ? ` · ${bytes(w.bytes)}` : '', took > 999 ? ` · over ${lasted(took)}` : '',
        others.length ? [' · as ', others.map((p, i) => [i ? ', ' : '', path(p)])] : null,
        el('span', { class: 'space' }), el('button', { type: 'button', class: 'value', onclick: () => this.app.open(w.last_id) }, 'The last change')));
  }

  leave() {}
}
