// SPDX-License-Identifier: Apache-2.0

// The text of the filter: words, "key:value" or key alone, in quotes where they have blanks.

export const keys = {
  type: 'write, create, rename, exec, … or a group such as modify',
  category: 'filesystem, process, agent, semantic, vector, graph, system',
  path: 'a pattern: /srv/**, *.go',
  agent: 'for whom it acted',
  session: 'name or number',
  comm: 'the program’s name, a pattern',
  pid: 'of the process',
  uid: 'of the user',
  inode: 'of the file',
  tag: 'of an agent’s record',
  flag: 'such as failed or truncated',
  'min-priority': 'critical, high, normal, low',
  where: 'an expression in CEL: where:"size > 1000"',
  failed: 'what did not succeed',
  succeeded: 'what did',
};

const alone = new Set(['failed', 'succeeded']);

export function words(text) {
  const out = [];
  for (const m of text.matchAll(/([\w-]+:)?("(?:[^"\\]|\\.)*"|\S+)|([\w-]+:)/g)) {
    let value = m[2] ?? '';
    if (value.startsWith('"') && value.endsWith('"') && value.length > 1) value = value.slice(1, -1).replace(/\\(.)/g, '$1');
    out.push({ key: (m[1] ?? m[3] ?? '').slice(0, -1), value });
  }
  return out;
}

const cel = (s) => `"${s.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;

// params of the routes for the text. A word by itself is looked for in paths and programs.
export function params(text) {
  const p = new URLSearchParams();
  const where = [];
  for (const { key, value } of words(text)) {
    if (!key && alone.has(value)) p.set(value, 'true');
    else if (!key && value.startsWith('/')) p.append('path', /[*?[]/.test(value) ? value : `${value.replace(/\/$/, '')}/**`);
    else if (!key) where.push(`(path.contains(${cel(value)}) || path2.contains(${cel(value)}) || comm.contains(${cel(value)}))`);
    else if (key === 'where') where.push(`(${value})`);
    else p.append(key, value);
  }
  if (where.length) p.set('where', where.join(' && '));
  return p;
}

const quoted = (v) => /[\s"]/.test(v) || v === '' ? `"${String(v).replace(/[\\"]/g, '\\$&')}"` : String(v);

// patterns have signs of their own, which a name may have too.
export const literal = (path) => path.replace(/[\\*?[\]{}]/g, '\\$&');

// add puts a condition into the text, in place of one with the same key.
export function add(text, key, value) {
  const kept = words(text).filter((w) => w.key !== key && !(alone.has(key) && w.value === key));
  const all = kept.map((w) => (w.key ? `${w.key}:${quoted(w.value)}` : quoted(w.value)));
  all.push(alone.has(key) ? key : `${key}:${quoted(value)}`);
  return all.join(' ');
}
