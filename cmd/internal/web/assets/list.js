// SPDX-License-Identifier: Apache-2.0

import { el } from './dom.js';

// A List shows any number of rows: as many elements as fit on the screen are in the page.
// It is a grid of the rows, one of which is chosen.
export class List {
  // row makes the element of items[i]; open is told of the one that is opened. heads are the
  // names of columns.
  constructor({ label, row, open, end, heads, height = 26, role = 'listbox', item = 'option', more, key }) {
    Object.assign(this, { row, opened: open, ended: end, height, item, more, key });
    this.covered = heads ? 24 : 0; // by them, of the first rows
    this.items = [];
    this.chosen = -1;
    this.body = el('div', { class: 'rows', role: 'presentation' });
    this.element = el('div', { class: 'list', role, tabindex: '0', 'aria-label': label, onscroll: () => this.paint(), onkeydown: (e) => this.press(e) },
      heads ? el('div', { class: 'row heads', 'aria-hidden': 'true' }, heads.map((t) => el('span', null, t))) : null, this.body);
    this.made = new Map();
    new ResizeObserver(() => this.paint()).observe(this.element);
  }

  // set shows other rows; added is how many of them are new before the first that was there.
  set(items, added = 0) {
    this.items = items;
    if (added && this.chosen >= 0) this.chosen += added;
    if (this.chosen >= items.length) this.chosen = -1;
    const top = this.element.scrollTop;
    this.made.forEach((e) => e.remove());
    this.made.clear();
    this.body.style.height = `${items.length * this.height}px`;
    if (added && top > 0) this.element.scrollTop = top + added * this.height;
    this.paint();
  }

  paint() {
    const first = Math.max(0, Math.floor(this.element.scrollTop / this.height) - 6);
    const last = Math.min(this.items.length, Math.ceil((this.element.scrollTop + this.element.clientHeight) / this.height) + 6);
    for (const [i, e] of this.made) {
      if (i < first || i >= last) { e.remove(); this.made.delete(i); }
    }
    for (let i = first; i < last; i++) {
      if (this.made.has(i)) continue;
      const e = this.row(this.items[i], i);
      e.classList.add('row');
      e.id = `row-${this.key ?? 'list'}-${i}`;
      e.setAttribute('role', this.item);
      e.setAttribute('aria-setsize', this.items.length);
      e.setAttribute('aria-posinset', i + 1);
      e.style.transform = `translateY(${i * this.height}px)`;
      e.addEventListener('click', (event) => { if (!event.defaultPrevented) { this.choose(i, false); this.opened?.(this.items[i], i); } });
      this.made.set(i, e);
      this.body.append(e);
    }
    this.mark();
    if (last > this.items.length - 60) this.ended?.();
  }

  mark() {
    for (const [i, e] of this.made) {
      e.classList.toggle('chosen', i === this.chosen);
      e.setAttribute('aria-selected', String(i === this.chosen));
    }
    if (this.chosen >= 0) this.element.setAttribute('aria-activedescendant', `row-${this.key ?? 'list'}-${this.chosen}`);
    else this.element.removeAttribute('aria-activedescendant');
  }

  choose(i, scroll = true) {
    if (!this.items.length) return;
    this.chosen = Math.max(0, Math.min(i, this.items.length - 1));
    if (scroll) {
      const at = this.chosen * this.height;
      if (at < this.element.scrollTop) this.element.scrollTop = at;
      else if (at + this.height + this.covered > this.element.scrollTop + this.element.clientHeight) this.element.scrollTop = at + this.height + this.covered - this.element.clientHeight;
    }
    this.paint();
  }

  press(e) {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target !== this.element) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height) - 1);
    const to = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page }[e.key];
    if (to) this.choose(this.chosen + to);
    else if (e.key === 'Home') this.choose(0);
    else if (e.key === 'End') this.choose(this.items.length - 1);
    else if (e.key === 'Enter' && this.chosen >= 0) this.opened?.(this.items[this.chosen], this.chosen);
    else if (!this.more?.(e, this.items[this.chosen], this.chosen)) return;
    e.preventDefault();
    e.stopPropagation();
  }
}
