// What the whole page knows: where it is, what the server said last, how the live stream is.
import { computed, signal } from '@preact/signals';

export const route = signal({ view: 'live', id: '', query: {} });
export const server = signal(null);                         // the answer of /api/state
export const session = signal('unknown');                   // unknown | open | closed
export const link = signal({ state: 'connecting', since: 0 }); // connecting | live | cut | resting
export const alerts = signal(null);
export const toast = signal(null);
export const help = signal(false);
export const theme = signal(stored());

function stored() {
  try { return localStorage.getItem('clickbaton-theme') || 'auto'; } catch (e) { return 'auto'; }
}

export function setTheme(name) {
  theme.value = name;
  document.documentElement.dataset.theme = name;
  try { localStorage.setItem('clickbaton-theme', name); } catch (e) { /* kept for this page only */ }
}

let fading;
export function say(text, bad) {
  toast.value = { text, bad };
  clearTimeout(fading);
  fading = setTimeout(() => { toast.value = null; }, bad ? 8000 : 4000);
}

// ---- the address: #/view/id?name=value ----

export function parse(hash) {
  const [where, query] = hash.replace(/^#\/?/, '').split('?');
  const [view, id] = where.split('/');
  return { view: view || 'live', id: id ? safely(id) : '', query: Object.fromEntries(new URLSearchParams(query || '')) };
}

function safely(text) {
  try { return decodeURIComponent(text); } catch (e) { return text; }
}

export function address(view, query, id) {
  const given = Object.entries(query || {}).filter(([, v]) => v !== '' && v !== undefined && v !== null);
  return `#/${view}${id ? '/' + encodeURIComponent(id) : ''}${given.length ? '?' + new URLSearchParams(given) : ''}`;
}

// The way back from a conversion leads to the list as it was.
export let back = '#/live';
export function go(to, replace) {
  replace ? history.replaceState(null, '', to) : history.pushState(null, '', to);
  arrived();
}
export function arrived() {
  const next = parse(location.hash), last = route.value;
  if (next.view !== 'c' && last.view !== 'c') back = location.hash || '#/live';
  else if (next.view === 'c' && last.view !== 'c') back = address(last.view, last.query, last.id);
  route.value = next;
}

// ---- what shows above everything ----

export const banners = computed(() => {
  const list = (server.value?.banner || []).slice();
  if (link.value.state === 'cut')
    list.unshift({ kind: 'stream', level: 'error', since: new Date(link.value.since).toISOString(),
      text: 'the live stream is cut: what you see may be old. It is tried again by itself; is the server running?' });
  return list;
});
