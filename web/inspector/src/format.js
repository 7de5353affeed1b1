// Numbers, times and amounts as people read them.  Everything is shown in the browser's time zone.
import { plain } from './plain.js';

const number = new Intl.NumberFormat('en-US');
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const part = options => new Intl.DateTimeFormat('en-GB', options);
const clock = part({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
const minute = part({ hour: '2-digit', minute: '2-digit' });
const local = part({ day: 'numeric', month: 'short' }), utc = part({ day: 'numeric', month: 'short', timeZone: 'UTC' });
const full = part({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
export const count = n => number.format(n);
export const short = n => Math.abs(n) < 10000 ? number.format(Math.round(n)) : compact.format(n);
export const valid = t => t && !isNaN(new Date(t));
export const time = t => clock.format(new Date(t));
export const hhmm = t => minute.format(new Date(t));
export const date = t => local.format(new Date(t));
export const day = t => utc.format(new Date(t)); // of those that the server adds up
export const moment = t => valid(t) ? full.format(new Date(t)) : '';
export const sameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

export function share(part, all, digits = 1) {
  if (!all) return '–';
  const p = 100 * part / all;
  if (part && p < 0.1) return '<0.1 %';
  if (part < all && p > 99.9) return '>99.9 %';
  return `${p.toFixed(p === 0 || p === 100 ? 0 : digits)} %`;
}

const UNITS = [[86400e3, 'd'], [3600e3, 'h'], [60e3, 'min'], [1e3, 's'], [1, 'ms']];
export function span(ms) {
  if (ms === null || ms === undefined || isNaN(ms)) return '';
  if (ms < 1) return '0 ms';
  const [unit, name] = UNITS.find(([u]) => ms >= u) || UNITS[4];
  const n = ms / unit;
  return `${n < 10 && unit > 1 ? n.toFixed(1).replace(/\.0$/, '') : Math.floor(n)} ${name}`;
}

export function ago(t, now = Date.now()) {
  const ms = now - new Date(t);
  return ms < 5000 ? 'just now' : `${span(Math.max(0, ms))} ago`;
}

// Amounts come as decimal text or numbers; the text is kept, only grouped.
export function money(value, currency) {
  if (value === null || value === undefined || value === '') return '';
  const [whole, rest = ''] = plain(value).slice(0, 40).split('.');
  const grouped = /^-?\d+$/.test(whole) ? whole.replace(/\B(?=(\d{3})+$)/g, ',') : whole;
  return `${grouped}${rest ? '.' + rest.padEnd(2, '0') : '.00'}${currency ? ' ' + plain(currency).slice(0, 12) : ''}`;
}

// ---- the histogram of the store: upper bounds in ms, the last slot has none ----

export const BOUNDS = [100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 900000, 3600000, 21600000, 86400000];
export function percentile(slots, p) {
  const all = slots.reduce((a, b) => a + b, 0);
  if (!all) return null;
  let left = all * p;
  for (let i = 0; i < slots.length; i++) {
    if (left <= slots[i] && slots[i]) {
      const low = i ? BOUNDS[i - 1] : 0;
      return i < BOUNDS.length ? low + (BOUNDS[i] - low) * left / slots[i] : BOUNDS[BOUNDS.length - 1];
    }
    left -= slots[i];
  }
  return BOUNDS[BOUNDS.length - 1];
}
export const upTo = ms => ms === null ? '–' : ms >= 86400000 ? 'over 1 d' : span(ms);
