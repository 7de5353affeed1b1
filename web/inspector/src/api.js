// The server's answers, and the live stream of server-sent events.
import { alerts, link, server, session } from './state.js';

export class Refusal extends Error {
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...options });
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new Refusal(0, 'The server does not answer. Is clickbaton serve running?');
  }
  if (answer.status === 204) return null;
  const text = await answer.text();
  let body = null;
  try { body = JSON.parse(text); } catch (e) { /* not ours: said below */ }
  if (answer.ok && body !== null) return body;
  if (answer.status === 401 && path !== '/api/login') session.value = 'closed';
  throw new Refusal(answer.status, body?.error || `The server answered ${answer.status} without a sentence.`, body);
}

const query = o => new URLSearchParams(Object.entries(o).filter(([, v]) => v !== '' && v !== undefined && v !== null));
export const get = (path, params, signal) => ask(`/api/${path}${params ? '?' + query(params) : ''}`, { signal });
const post = (path, body, type = 'application/json') =>
  ask(`/api/${path}`, { method: 'POST', headers: { 'Content-Type': type }, body });

export const login = what => post('login', JSON.stringify(what)).then(() => { session.value = 'open'; });
export const logout = () => post('logout', '{}').finally(() => { session.value = 'closed'; });
export const replay = (what, dry) => post('replay', JSON.stringify({ ...what, dry }));
export const simulate = yaml => post('simulate', yaml, 'application/yaml');

export async function refreshState() {
  const state = await get('state');
  session.value = 'open';
  server.value = state;
  return state;
}

export async function refreshAlerts() {
  alerts.value = await get('alerts');
}

// ---- the live stream ----

const listeners = new Set();
export function onLive(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
const tell = (kind, data) => listeners.forEach(l => l(kind, data));

let source, again, pause = 1000, was;

function cut() {
  if (link.value.state !== 'cut') link.value = { state: 'cut', since: Date.now() };
}

function lost() {
  cut();
  if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
  later();
}

function later() {
  stop();
  clearTimeout(again);
  again = setTimeout(async () => {
    try { await refreshState(); } catch (e) {
      if (session.value === 'open') later();
      return;
    }
    start();
  }, pause);
  pause = Math.min(pause * 2, 15000);
}

function stop() {
  if (source) source.close();
  source = null;
}

const data = e => { try { return JSON.parse(e.data); } catch (x) { return null; } };

export function start() {
  if (source || session.value !== 'open' || document.hidden) return;
  source = new EventSource('/api/live');
  source.onerror = lost;
  source.addEventListener('state', e => {
    const state = data(e);
    if (!state) return;
    if (was !== undefined && link.value.state !== 'live') tell('again');
    was = true;
    pause = 1000;
    server.value = state;
    link.value = { state: 'live', since: Date.now() };
  });
  source.addEventListener('row', e => { const row = data(e); if (row) tell('row', row); });
  source.addEventListener('skipped', () => tell('skipped'));
  source.addEventListener('bye', () => { cut(); later(); });
}

// Who is not logged in (any more) keeps no connection.
session.subscribe(state => {
  if (state !== 'closed') return;
  clearTimeout(again);
  stop();
});

// A browser has six connections to a host: a tab that nobody looks at gives its own back.
let resting;
document.addEventListener('visibilitychange', () => {
  clearTimeout(resting);
  if (!document.hidden) return void (session.value === 'open' && start());
  resting = setTimeout(() => {
    if (!source) return;
    stop();
    link.value = { state: 'resting', since: Date.now() };
  }, 60000);
});
