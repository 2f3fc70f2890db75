// SPDX-License-Identifier: Apache-2.0

// An error that the recorder answered with: what is wrong, and what to do.
export class Refused extends Error {
  constructor(status, error, todo) {
    super(todo ? `${error}; ${todo}` : error);
    this.status = status;
  }
}

// The numbers of sessions have more digits than JavaScript's: they are kept as text. Within a
// JSON string the quotes have backslashes, so no name of a file looks like that.
const parse = (text) => JSON.parse(text.replace(/"session":(\d+)/g, '"session":"$1"'));

// ask gets the answer of a route. Another question with the same key ends this one.
const asked = new Map();
export async function ask(route, params, key) {
  const abort = new AbortController();
  if (key) {
    asked.get(key)?.abort();
    asked.set(key, abort);
  }
  const q = new URLSearchParams(params ?? '').toString();
  const response = await fetch(`/v1/${route}${q && '?'}${q}`, { signal: abort.signal, headers: { Accept: 'application/json' } });
  const text = await response.text();
  if (response.status === 401) location.reload();
  if (response.ok) return parse(text);
  let answer;
  try { answer = JSON.parse(text); } catch { answer = { error: `the recorder answered ${response.status}` }; }
  throw new Refused(response.status, answer.error, answer.do);
}

export const ended = (e) => e.name === 'AbortError';

// follow calls take for each line of the stream from now on; state is told "live", "lost" if
// the browser tries again by itself, and "closed" if it does not.
export function follow(params, take, state) {
  const q = new URLSearchParams(params);
  q.set('format', 'sse');
  const source = new EventSource(`/v1/stream?${q}`);
  source.addEventListener('stream', () => state('live'));
  source.addEventListener('open', () => state('live'));
  source.onmessage = (e) => take(parse(e.data));
  source.addEventListener('gap', (e) => take(parse(e.data)));
  source.addEventListener('end', () => state('lost'));
  source.onerror = () => state(source.readyState === EventSource.CLOSED ? 'closed' : 'lost');
  return () => source.close();
}
