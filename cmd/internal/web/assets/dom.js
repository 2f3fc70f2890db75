// SPDX-License-Identifier: Apache-2.0

// What makes elements. Text of records comes in as children or attributes that cannot run,
// never as HTML: the page's policy refuses that too.

const attributes = new Set(['class', 'id', 'href', 'title', 'role', 'type', 'tabindex', 'colspan', 'scope', 'for', 'name', 'value', 'placeholder', 'hidden', 'disabled', 'dir', 'datetime', 'method', 'spellcheck']);

// el makes an element. props: attributes of the set above, aria-* and data-*, and on* functions.
export function el(tag, props, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
    else if (attributes.has(name) || name.startsWith('aria-') || name.startsWith('data-')) e.setAttribute(name, value === true ? '' : value);
    else throw new Error(`no attribute ${name}`);
  }
  put(e, ...children);
  return e;
}

// put adds children: elements, and all else as text.
export function put(parent, ...children) {
  for (const c of children.flat(Infinity)) {
    if (c === undefined || c === null || c === false) continue;
    parent.append(c instanceof Node ? c : document.createTextNode(String(c)));
  }
  return parent;
}

// fill is put in place of what is there.
export function fill(parent, ...children) {
  parent.replaceChildren();
  return put(parent, ...children);
}

export const $ = (id) => document.getElementById(id);

// say is for those who hear the page.
export function say(text) { $('said').textContent = text; }

const numbers = new Intl.NumberFormat('en');
export const count = (n) => numbers.format(n);

export function short(n) {
  for (const [size, unit] of [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']]) {
    if (n >= size) return `${(n / size).toFixed(n >= 10 * size ? 0 : 1)}${unit}`;
  }
  return String(n);
}

export function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return `${i ? n.toFixed(1) : n} ${units[i]}`;
}

const two = (n) => String(n).padStart(2, '0');
export function clock(d, ms) {
  const text = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return ms ? `${text}.${String(d.getMilliseconds()).padStart(3, '0')}` : text;
}
export const day = (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;

// when is an element for a time; what day it was is left out if it is today.
export function when(text, ms) {
  if (!text) return el('span', { class: 'dim' }, '–');
  const d = new Date(text);
  const shown = day(d) === day(new Date()) ? clock(d, ms) : `${day(d)} ${clock(d, ms)}`;
  return el('time', { datetime: text, title: text }, shown);
}

export function lasted(ms) {
  if (ms < 1) return '<1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60e3) return `${(ms / 1000).toFixed(ms % 1000 ? 1 : 0)} s`;
  const parts = (big, unit, small, rest) => `${big} ${unit}${small ? ` ${small} ${rest}` : ''}`;
  if (ms < 3600e3) return parts(Math.floor(ms / 60e3), 'min', Math.round(ms % 60e3 / 1000), 's');
  if (ms < 86400e3) return parts(Math.floor(ms / 3600e3), 'h', Math.round(ms % 3600e3 / 60e3), 'min');
  return parts(Math.floor(ms / 86400e3), 'd', Math.round(ms % 86400e3 / 3600e3), 'h');
}

// many is "1 file", "2 files".
export const many = (n, one, more) => `${count(n)} ${n === 1 ? one : more ?? `${one}s`}`;
