// The hourly counts of /api/health added up for what is being looked at.
import { percentile } from './format.js';

const COLUMNS = ['clicks', 'received', 'queued', 'duplicate', 'ignored', 'quarantined'];
const FATES = ['put', 'delivered', 'dead', 'withdrawn', 'valued'];
const zeros = n => new Array(n).fill(0);

export function grid(answer) {
  const step = answer.step, from = Date.parse(answer.from) / 1000, to = Date.parse(answer.to) / 1000;
  const t = [];
  for (let at = from; at < to; at += step) t.push(at);
  return { step, from, to, t, at: iso => Math.round((Date.parse(iso) / 1000 - from) / step) };
}

// One series per column, over all offers given; of events only those called `event`, or all.
export function add(answer, event) {
  const g = grid(answer), n = g.t.length;
  const sum = { ...g, latency: g.t.map(() => zeros(15)), values: Object.create(null), keys: Object.create(null), reasons: [], warnings: [], answers: [] };
  for (const c of [...COLUMNS, ...FATES]) sum[c] = zeros(n);
  const named = { reasons: new Map(), warnings: new Map(), answers: new Map() };
  for (const o of answer.offers) {
    for (const p of o.points) { const i = g.at(p.t); if (i >= 0 && i < n) for (const c of COLUMNS) sum[c][i] += p[c] || 0; }
    for (const e of o.events) if (!event || e.event === event) for (const p of e.points) addPoint(sum, g.at(p.t), n, p);
    for (const kind of Object.keys(named)) for (const r of o[kind] || []) addNamed(named[kind], r);
  }
  for (const kind of Object.keys(named)) sum[kind] = [...named[kind].values()].sort((a, b) => weight(b) - weight(a));
  return sum;
}

export const weight = r => r.n ?? (r.delivered + r.again + r.dead);

function addPoint(sum, i, n, p) {
  if (i < 0 || i >= n) return;
  for (const c of FATES) sum[c][i] += p[c] || 0;
  (p.latency || []).forEach((v, k) => { if (k < 15) sum.latency[i][k] += v; });
  for (const [c, v] of Object.entries(p.values || {})) (sum.values[c] ||= zeros(n))[i] += Number(v);
  for (const [k, v] of Object.entries(p.keys || {})) (sum.keys[k] ||= zeros(n))[i] += v;
}

function addNamed(map, r) {
  const key = `${r.code}\n${r.verdict || ''}`, have = map.get(key);
  if (!have) return void map.set(key, { ...r });
  for (const c of ['n', 'delivered', 'again', 'dead']) if (r[c] !== undefined) have[c] += r[c];
}

export const total = list => list.reduce((a, b) => a + b, 0);
export const slots = sum => sum.latency.reduce((a, b) => a.map((v, i) => v + b[i]), zeros(15));
export const percentiles = (sum, p) => sum.latency.map(l => percentile(l, p));
export const waiting = sum => sum.put.map((v, i) => Math.max(0, v - sum.delivered[i] - sum.dead[i] - sum.withdrawn[i]));
