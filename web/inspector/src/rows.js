// The rows of the live list: what the server has, what comes live, and what waits while somebody reads.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { get, onLive } from './api.js';
import { server } from './state.js';

const PAGE = 50, MOST = 600, BEAT = 250, REST = 1000, LOOKS = 40;

// What the last list showed, for j and k on an opened conversion.
export let order = [];

// Kept outside of the component so that going back shows the list as it was.
let kept = { key: null, rows: [], next: null };

// What became of the events, as the filter calls it and as the rows do.
const FATES = { __proto__: null, waiting: ['waiting', 'sending'], delivered: ['delivered'], refused: ['dead'], withdrawn: ['withdrawn'] };
export const isOf = fate => e => !!FATES[fate]?.includes(e.state);

// stays: it may have changed; fits: and comes in.
const stays = (row, f) => ['offer', 'tracker', 'stage', 'verdict', 'code'].every(n => !f[n] || row[n] === f[n]) && (!f.state || row.events.some(isOf(f.state)));
const UNITS = { m: 60e3, h: 3600e3, d: 86400e3 };
const since = text => /^\d+[mhd]$/.test(text) ? Date.now() - parseInt(text, 10) * UNITS[text.slice(-1)] : Date.parse(text);
const fits = (row, f) => !f.until && stays(row, f) && !(f.since && Date.parse(row.at) < since(f.since));

// What the server has looked at is as it says; below that, and what has come since it was asked, stays.
const renewed = (s, a, top) => {
  const said = new Set(a.rows.map(r => r.id));
  return { ...s, rows: s.rows.filter(r => r.id < a.next || r.id > top || said.has(r.id)) };
};

// Those that came join the list; what no longer stands in it is where `next` begins.
function merge(s, came, most) {
  const known = new Map(came.map(r => [r.id, r]));
  const list = s.rows.map(r => { const n = known.get(r.id); known.delete(r.id); return n || r; });
  const rows = [...known.values(), ...list].sort((a, b) => b.id - a.id);
  return rows.length > most ? { ...s, rows: rows.slice(0, most), next: rows[most - 1].id } : { ...s, rows };
}

// A call looks at some ten thousand rows: further back while none of them fits, but not without an end.
async function page(f, before, signal, looks = LOOKS) {
  for (;; looks--) {
    const a = await get('conversions', { ...f, limit: PAGE, before }, signal);
    if (a.rows.length || !a.next || looks <= 0) return a;
    before = a.next;
  }
}

// The newest of what waits, so that a night of it needs no memory.
function bound(map) {
  for (const id of map.keys()) {
    if (map.size <= MOST) return;
    map.delete(id);
  }
}

export function useRows(f) {
  const key = JSON.stringify(f);
  const [state, set] = useState(() => kept.key === key ? { ...kept, loading: false } : { key, rows: [], next: null, loading: true });
  const [paused, pause] = useState(false);
  const [waiting, setWaiting] = useState({ n: 0, more: false });
  const held = useRef(new Map()), fresh = useRef(new Map());
  const now = useRef({ n: 0, last: 0 }).current; // n: waiting; missed, stale: there is more than what was told; loading, resting: reading anew
  now.paused = paused;
  const reading = () => now.paused || window.scrollY > 240;
  const mine = change => set(s => s.key === key ? change(s) : s); // an answer to filters that were is nobody's
  const only = s => ({ ...s, rows: s.rows.filter(r => stays(r, f)) }); // what became something else leaves
  const tell = () => setWaiting({ n: now.n, more: !!now.missed });

  const none = () => {
    held.current.clear();
    now.n = now.last = 0;
    now.missed = false;
    tell();
  };
  // near: what has come in the last second or so; of filters that hardly anything fits, what stands there stays.
  const load = (signal, quietly, near) => {
    if (!quietly) mine(s => ({ ...s, loading: true }));
    now.loading = true;
    now.stale = false;
    now.resting = true;
    const top = now.top;
    setTimeout(() => { now.resting = false; }, REST);
    return page(f, undefined, signal, near ? 0 : LOOKS).then(a => {
      now.loading = false;
      none();
      mine(s => near && a.next && s.rows.length && (a.rows.length < PAGE || s.rows[0].id >= a.next)
        ? { ...merge(renewed(s, a, top), a.rows, Math.max(MOST, s.rows.length)), error: undefined, loading: false } : { key, rows: a.rows, next: a.next, loading: false });
    }, error => {
      if (error.name === 'AbortError') return;
      now.loading = false;
      mine(s => ({ ...s, error, loading: false }));
    });
  };
  const release = () => { // what waited
    const list = [...held.current.values()], whole = !now.missed && now.n === list.length;
    none();
    if (whole) mine(s => only(merge(s, list.map(r => ({ ...r, fresh: true })), MOST)));
    else load(undefined, true);
  };
  const hold = rows => {
    for (const r of rows) {
      if (r.id > now.last) { now.last = r.id; now.n++; } else if (!held.current.has(r.id)) { if (!f.state) continue; now.n++; }
      held.current.set(r.id, r);
    }
    bound(held.current);
    tell();
  };

  useEffect(() => {
    const stop = new AbortController();
    if (kept.key !== key) set({ key, rows: [], next: null, loading: true });
    load(stop.signal, kept.key === key);
    return () => stop.abort();
  }, [key]);

  // Rows that come are shown four times a second, and wait while the list is paused or being read.  When more come than are told
  // one by one, the list is read anew, once a second and one at a time; who reads is told that there is more.
  useEffect(() => {
    const off = onLive((kind, row) => {
      if (kind === 'row') {
        fresh.current.set(row.id, row);
        return bound(fresh.current);
      }
      fresh.current.clear();
      now.stale = true;
      now.cut ||= kind === 'again';
    });
    const beat = setInterval(() => {
      const still = reading();
      if (now.stale && still) {
        now.stale = false;
        now.missed = true;
        tell();
      }
      if (!still && !now.loading && (now.n || now.missed)) release();
      if (now.stale && !now.loading && !now.resting) { load(undefined, true, !now.cut); now.cut = false; }
      if (now.stale || now.loading || !fresh.current.size) return;
      const list = [...fresh.current.values()];
      fresh.current.clear();
      mine(s => {
        const here = new Set(s.rows.map(r => r.id)); // down to `next` the list has all that fit
        const known = list.filter(r => here.has(r.id)), more = list.filter(r => !here.has(r.id) && (!s.next || r.id >= s.next) && fits(r, f));
        if (!still) return only(merge(s, [...known, ...more.map(r => ({ ...r, fresh: true }))], MOST));
        hold(more);
        return known.length ? merge(s, known, s.rows.length) : s;
      });
    }, BEAT);
    return () => { off(); clearInterval(beat); };
  }, [key]);

  // Of what became so without a try (replayed, taken back) no row tells: the counts do.
  const outbox = f.state && server.value?.outbox, told = outbox ? `${outbox.dead} ${outbox.withdrawn}` : '';
  useEffect(() => {
    if (told && now.told && told !== now.told) now.stale = true;
    now.told = told;
  }, [told]);

  useLayoutEffect(() => {
    now.top = state.rows.length ? state.rows[0].id : 0;
    if (!state.loading && state.key === key) kept = { key, rows: state.rows, next: state.next };
    order = state.rows.map(r => r.id);
  }, [state]);

  const show = () => {
    window.scrollTo({ top: 0 });
    release();
  };
  const older = () => {
    mine(s => ({ ...s, more: true }));
    page(f, state.next).then(
      a => mine(s => ({ ...s, rows: [...s.rows, ...a.rows.filter(r => !s.rows.some(o => o.id === r.id))], next: a.next, more: false })),
      error => mine(s => ({ ...s, error, more: false })));
  };
  return { ...state, paused, waiting, older, show, load: () => load(),
    pause: on => { pause(on); now.paused = on; if (!on && (now.n || now.missed)) show(); } };
}
