// What the stub answers with: a month of five offers, the same on every run.
'use strict';

const NOW = Date.parse('2026-11-26T15:40:00.000Z');
const HOUR = 3600e3;
const BUCKETS = 15;

function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const OFFERS = [
  { name: 'nutra-de', tracker: 'keitaro', pixel: 'C9EXAMPLEPIXEL00', events: ['Lead', 'Purchase'], size: 46, currency: 'EUR', payout: [24, 48], sale: 'sale' },
  { name: 'sweeps-us', tracker: 'bemob', pixel: 'C9EXAMPLEPIXEL01', events: ['CompleteRegistration', 'Purchase'], size: 74, currency: 'USD', payout: [1.8, 4.2], sale: 'approved' },
  { name: 'loan-pl', tracker: 'binom', pixel: 'C9EXAMPLEPIXEL02', events: ['Lead'], size: 23, currency: 'PLN', payout: [18, 55], sale: 'lead' },
  { name: 'vpn-fr', tracker: 'voluum', pixel: 'C9EXAMPLEPIXEL03', events: ['StartTrial', 'Subscribe'], size: 31, currency: 'EUR', payout: [6, 14], sale: 'conversion' },
  { name: 'dating-ca', tracker: 'redtrack', pixel: 'C9EXAMPLEPIXEL04', events: ['CompleteRegistration'], size: 15, currency: 'CAD', payout: [2, 9], sale: 'reg' }
];
const iso = ms => new Date(ms).toISOString();
const ttclid = r => 'E.C.P.' + Array.from({ length: 290 }, () => 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'[Math.floor(r() * 64)]).join('');
const hex = (r, n) => Array.from({ length: n }, () => '0123456789abcdef'[Math.floor(r() * 16)]).join('');

// ---- hourly counts ----

function hour(o, k, t) {
  const r = random(k * 7919 + o.size * 104729 + Math.floor(t / HOUR));
  const h = new Date(t).getUTCHours(), day = new Date(t).getUTCDay();
  const wave = (0.35 + 0.65 * Math.exp(-((h - 19 + (h < 7 ? 24 : 0)) ** 2) / 42)) * (day === 0 || day === 6 ? 1.22 : 1);
  const received = Math.round(o.size * wave * (0.8 + r() * 0.4));
  const trouble = o.name === 'sweeps-us' && t >= NOW - 7 * HOUR && t < NOW - 4 * HOUR;
  const quarantined = trouble ? Math.round(received * 0.42) : r() < 0.25 ? Math.round(received * 0.03 * r()) : 0;
  const duplicate = Math.round(received * (0.05 + r() * 0.04)), ignored = Math.round(received * (o.name === 'nutra-de' ? 0.12 : 0.03) * r() * 2);
  const queued = Math.max(0, received - quarantined - duplicate - ignored);
  const outage = t >= NOW - 12 * HOUR && t < NOW - 10.5 * HOUR;
  return { r, received, quarantined, duplicate, ignored, queued, clicks: Math.round(received * (11 + r() * 4)), outage };
}

function eventPoint(o, name, i, n, h, t) {
  const put = i === 0 ? Math.round(n * (o.events.length > 1 ? 0.68 : 1)) : n - Math.round(n * 0.68);
  const recent = NOW - t < HOUR, dead = h.r() < 0.06 ? 1 : 0;
  const delivered = Math.max(0, put - dead - (recent ? Math.min(put, 2) : 0));
  const shape = h.outage ? [0, 0, 0, 0, 0, 0, 0, .02, .06, .3, .42, .2, 0, 0, 0] : [.08, .34, .33, .15, .06, .02, .01, .005, .003, .002, 0, 0, 0, 0, 0];
  const latency = new Array(BUCKETS).fill(0);
  for (let k = 0; k < delivered; k++) {
    let x = h.r(), b = 0;
    while (b < BUCKETS - 1 && (x -= shape[b]) > 0) b++;
    latency[x > 0 ? 1 : b]++;
  }
  const valued = name === 'Lead' && o.name === 'nutra-de' && NOW - t < 30 * HOUR ? Math.round(put * 0.62) : put;
  const mean = (o.payout[0] + o.payout[1]) / 2;
  const part = x => Math.round(put * Math.min(1, x + (h.r() - 0.5) * 0.08));
  return { t: iso(t), put, delivered, dead, withdrawn: 0, valued, values: valued ? { [o.currency]: (valued * mean * (0.9 + h.r() * 0.2)).toFixed(2) } : {}, latency,
    keys: { ttclid: part(o.name === 'loan-pl' ? 0.71 : 0.96), external_id: put, email: part(o.name === 'sweeps-us' ? 0.05 : 0.48), phone: part(o.name === 'loan-pl' ? 0.8 : 0.22), ip: part(0.91), user_agent: part(0.91), ttp: part(0.34) } };
}

const REASONS = {
  'nutra-de': [['I001', 'ignored', 'the offer ignores this stage', 9], ['D001', 'duplicate', 'the same event was accepted before', 6], ['Q006', 'quarantined', "nobody's conversion", 0.4]],
  'sweeps-us': [['D001', 'duplicate', 'the same event was accepted before', 8], ['Q002', 'quarantined', 'unknown status word', 4.2], ['I002', 'ignored', 'the offer has no rule for this stage', 2], ['D003', 'duplicate', 'the same event with another transaction id', 1.1]],
  'loan-pl': [['D007', 'duplicate', 'the same event by another word or stage', 3], ['Q009', 'quarantined', "the currency can't be used", 0.5]],
  'vpn-fr': [['D001', 'duplicate', 'the same event was accepted before', 3], ['I003', 'ignored', 'no consent', 2]],
  'dating-ca': [['D001', 'duplicate', 'the same event was accepted before', 2], ['Q003', 'quarantined', "the payout can't be read", 0.6]]
};
const WARNINGS = [['W021', 'no ttclid', 4], ['W020', 'an unusable value was skipped', 7], ['W031', 'the currency was assumed', 3], ['W028', 'unknown tier', 2], ['W033', 'postback and click disagree about ttclid', 0.6]];

function health({ offer, since, until, step }, now = NOW) {
  const width = step * 1000;
  const age = s => /^\d+[mhd]$/.test(s) ? now - parseInt(s, 10) * { m: 60e3, h: HOUR, d: 86400e3 }[s.slice(-1)] : /^\d+$/.test(s) ? Number(s) * 1000 : Date.parse(s);
  let to = until ? age(until) : now + 1000, from = since ? age(since) : to - 24 * HOUR;
  from -= from % width;
  to += (width - to % width) % width;
  const offers = OFFERS.filter(o => !offer || o.name === offer).map((o, k) => {
    const points = [], events = o.events.map(event => ({ event, points: [] }));
    for (let t = from; t < to; t += width) {
      const p = { t: iso(t), clicks: 0, received: 0, queued: 0, duplicate: 0, ignored: 0, quarantined: 0 }, sums = o.events.map(() => null);
      for (let u = t; u < Math.min(t + width, now); u += HOUR) {
        const h = hour(o, k, u);
        for (const c of ['clicks', 'received', 'queued', 'duplicate', 'ignored', 'quarantined']) p[c] += h[c];
        o.events.forEach((name, i) => { sums[i] = joined(sums[i], eventPoint(o, name, i, h.queued, h, u), t); });
      }
      if (p.received) points.push(p);
      sums.forEach((s, i) => s && events[i].points.push(s));
    }
    const hours = Math.max(1, (Math.min(to, now) - from) / HOUR);
    return { offer: o.name, points, events,
      reasons: REASONS[o.name].map(([code, verdict, title, n]) => ({ code, verdict, title, n: Math.ceil(n * hours / 3) })),
      warnings: WARNINGS.map(([code, title, n]) => ({ code, title, n: Math.ceil(n * hours * o.size / 200) })),
      answers: [{ code: '0', title: 'OK: accepted', delivered: Math.round(hours * o.size * 0.6), again: 0, dead: 0 },
        { code: 'http 503', title: "not TikTok's own answer: something in between, or a fault there", delivered: 0, again: Math.round(hours * 0.8), dead: 0 },
        { code: '40002', title: 'PARAM_ERROR: a parameter is wrong', delivered: 0, again: 0, dead: Math.round(hours * 0.07) },
        { code: 'none', title: 'no answer', delivered: 0, again: Math.round(hours * 0.2), dead: 0 }].filter(a => a.delivered + a.again + a.dead) };
  });
  return { step, from: iso(from), to: iso(to), offers };
}

function joined(a, b, t) {
  if (!a) return { ...b, t: iso(t), keys: { ...b.keys }, values: { ...b.values }, latency: b.latency.slice() };
  for (const c of ['put', 'delivered', 'dead', 'withdrawn', 'valued']) a[c] += b[c];
  a.latency = a.latency.map((v, i) => v + b.latency[i]);
  for (const [k, v] of Object.entries(b.keys)) a.keys[k] = (a.keys[k] || 0) + v;
  for (const [k, v] of Object.entries(b.values)) a.values[k] = (Number(a.values[k] || 0) + Number(v)).toFixed(2);
  return a;
}

// ---- postbacks, the newest last ----

const TROUBLE = [
  { verdict: 'duplicate', code: 'D001', reason: (o, x) => `${x.event} with event_id "${x.id}" was accepted before (${iso(x.at - 4 * 60e3).slice(0, 19)}Z)` },
  { verdict: 'ignored', code: 'I001', stage: 'rejected', reason: o => `the offer ignores the stage "rejected" (offers/${o.name}.yaml:12)` },
  { verdict: 'quarantined', code: 'Q002', stage: '', word: 'confirmed_2', reason: () => 'no stage of the mapping lists the word "confirmed_2"' },
  { verdict: 'quarantined', code: 'Q003', word: 'sale', payout: '12.5O', reason: () => 'the payout "12.5O" is not a number' },
  { verdict: 'duplicate', code: 'D003', reason: (o, x) => `${x.event} with event_id "${x.id}" was accepted before with the transaction id "${x.tx - 1}"` }
];

function postback(id, at, r, force = {}) {
  const o = force.offer ? OFFERS.find(x => x.name === force.offer) : OFFERS[[0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4][Math.floor(r() * 12)]];
  const dice = r(), i = o.events.length > 1 && r() > 0.62 ? 1 : 0;
  const kind = force.trouble !== undefined ? TROUBLE[force.trouble] : force.fate ? null : dice < 0.07 ? TROUBLE[0] : dice < 0.11 && o.name === 'nutra-de' ? TROUBLE[1] : dice < 0.14 && o.name === 'sweeps-us' ? TROUBLE[2] : dice < 0.15 ? TROUBLE[3] : dice < 0.162 ? TROUBLE[4] : null;
  const event = o.events[i], click = hex(r, 13), tt = ttclid(r), tx = 40000 + id;
  const value = (o.payout[0] + r() * (o.payout[1] - o.payout[0])).toFixed(2);
  const stage = kind?.stage ?? (i === 0 && o.events.length > 1 ? 'lead' : o.sale === 'lead' || o.sale === 'reg' ? 'lead' : 'sale');
  const warned = !kind && r() < 0.1 ? [['W021', 'no ttclid came with the postback; the click has it']] : !kind && r() < 0.06 ? [['W031', `the currency was assumed: ${o.currency}`]] : [];
  const word = kind?.word || (stage === 'rejected' ? 'rejected' : stage === 'lead' ? 'lead' : o.sale);
  const params = [['subid', click], ['external_id', tt], ['status', word], ['payout', kind?.payout || value], ['currency', o.currency.toLowerCase()], ['tid', String(tx)], ['ip', `203.0.113.${id % 250}`], ['ua', 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36'], ['sub_id_1', '{campaign_name}'], ['email', hex(r, 64)]];
  const base = { id, at: iso(at), gone: false, offer: o.name, tracker: o.tracker, method: 'GET', stage, verdict: kind?.verdict || 'queued', code: kind?.code || '', reason: kind ? kind.reason(o, { event, id: click, at, tx }) : '',
    rule: kind?.code === 'Q002' ? null : { file: `offers/${o.name}.yaml`, line: 10 + i }, warnings: warned.map(([code, text]) => ({ code, text })), params, click_id: click, ttclid: tt, event_id: kind?.code?.[0] === 'Q' ? '' : click, txid: String(tx), events: [] };
  const click_row = { offer: o.name, at: iso(at - (2 + r() * 50) * 60e3), click_id: click, ttclid: tt, event_id: click, keyed: false, consent: 'granted', refused: false, country: o.name.slice(-2).toUpperCase(), page_url: `https://lander.example/${o.name.split('-')[0]}?subid=${click}`, referrer: 'https://www.tiktok.com/', ttp: hex(r, 27), ip: `203.0.113.${id % 250}`, user_agent: 'Mozilla/5.0 (Linux; Android 14; Pixel 8)' };
  const body = made(o, event, base, value, r);
  const story = { base, click: r() < 0.9 || force.click ? click_row : null, body, offer: o, value };
  if (!kind) base.events.push(eventRow(id, at, r, o, event, base, value, body, force));
  return story;
}

function made(o, event, pb, value, r) {
  return { event, event_time: Math.floor(Date.parse(pb.at) / 1000), event_id: pb.click_id,
    user: { email: pb.params[9][1], external_id: hex(r, 64), ttclid: pb.ttclid, ip: pb.params[6][1], user_agent: 'Mozilla/5.0 (Linux; Android 14; Pixel 8)' },
    properties: { currency: o.currency, value: Number(value), content_type: 'product', contents: [{ content_id: o.name, content_name: o.name.replace(/-(..)$/, (_, c) => ' ' + c.toUpperCase()).replace(/^./, c => c.toUpperCase()), quantity: 1, price: Number(value) }], order_id: pb.txid },
    page: { url: `https://lander.example/${o.name.split('-')[0]}` } };
}

function eventRow(id, at, r, o, event, pb, value, body, force) {
  const fate = force.fate || (r() < 0.012 ? 'dead' : r() < 0.02 ? 'again' : 'ok');
  const created = at + 1 + Math.floor(r() * 3), took = 90 + Math.floor(r() * 260);
  const attempts = [];
  if (fate === 'again') attempts.push({ at: iso(created + 2), took_ms: 5003, http_status: 503, code: null, message: 'upstream connect error', request_id: '' });
  if (fate === 'dead') attempts.push({ at: iso(created + 2), took_ms: took, http_status: 200, code: 40002, message: "Invalid value for field 'properties.currency'", request_id: '20261126154000' + hex(r, 20).toUpperCase() });
  else if (fate !== 'waiting') attempts.push({ at: iso(created + (fate === 'again' ? 6900 : 3)), took_ms: took, http_status: 200, code: 0, message: 'OK', request_id: '20261126154000' + hex(r, 20).toUpperCase() });
  return { id, event, pixel: o.pixel, event_id: pb.click_id, state: fate === 'dead' ? 'dead' : fate === 'waiting' ? 'waiting' : 'delivered', value: Number(value), currency: o.currency, original_value: value, original_currency: o.currency, test_code: '', consent: 'granted', consent_said: '1', created: iso(created), due: iso(created + 30000), attempts_made: attempts.length, note: fate === 'dead' ? 'TikTok refuses this event; it is not tried again by itself' : '', body, attempts };
}

// A row of the list, of a story.
function row(story) {
  const b = story.base;
  return { id: b.id, at: b.at, offer: b.offer, tracker: b.tracker, stage: b.stage, verdict: b.verdict, code: b.code, reason: b.reason, click_id: b.click_id, ttclid: b.ttclid, event_id: b.event_id, txid: b.txid, warnings: b.warnings.map(w => w.code),
    events: b.events.map(e => { const last = e.attempts[e.attempts.length - 1];
      return { id: e.id, event: e.event, event_id: e.event_id, pixel: e.pixel, state: e.state, value: e.value, currency: e.currency, answer: last ? { http_status: last.http_status, code: last.code, message: last.message } : null, latency_ms: last ? Date.parse(last.at) + last.took_ms - Date.parse(e.created) : null, note: e.note }; }) };
}

// The whole answer of /api/conversion/ID.  mended: the mapping knows the word now; other: it makes another value.
function conversion(story, { mended = false, other = false } = {}) {
  const b = story.base, o = story.offer, file = `${o.tracker}.yaml (built in)`;
  const stuck = b.verdict === 'quarantined' && !mended, body = JSON.parse(JSON.stringify(story.body));
  if (other) { body.properties.value = Number((body.properties.value * 0.8).toFixed(2)); body.properties.contents[0].price = body.properties.value; body.properties.description = 'net of costs'; delete body.user.email; }
  const fields = { click_id: { value: b.click_id, from: 'param', name: 'subid', at: `${file}:13` }, ttclid: { value: b.ttclid, from: 'param', name: 'external_id', at: `${file}:16` },
    event_id: { value: b.click_id, from: 'derived', name: 'click_id' }, status: { value: b.params[2][1], from: 'param', name: 'status', at: `${file}:18` }, payout: { value: b.params[3][1], from: 'param', name: 'payout', at: `${file}:19` }, currency: { value: b.params[4][1], from: 'param', name: 'currency', at: `${file}:20` }, txid: { value: b.txid, from: 'param', name: 'tid', at: `${file}:22` },
    ...(story.click ? { page_url: { value: story.click.page_url, from: 'click', name: 'page_url' } } : {}), ...(stuck ? {} : { stage: { value: b.stage || 'sale', from: 'mapping', name: b.params[2][1], at: mended ? `offers/${o.name}.yaml:21` : `${file}:42` } }) };
  const steps = stuck ? [] : [{ field: 'user.email', value: body.user.email || '', done: '{param.email}: a SHA-256 already, lower case', at: `offers/${o.name}.yaml:18` }, { field: 'user.external_id', value: body.user.external_id, done: '{click_id}: trimmed, SHA-256', at: `offers/${o.name}.yaml:20` }, { field: 'user.ttclid', value: b.ttclid, done: 'param external_id, as it came', at: `${file}:16` }, { field: 'event', value: body.event, done: `what the stage ${b.stage || 'sale'} sends`, at: `offers/${o.name}.yaml:10` }, { field: 'properties.value', value: String(body.properties.value), done: `${story.value} ${o.currency} is what parameter payout says`, at: `offers/${o.name}.yaml:10` }, { field: 'properties.currency', value: o.currency, done: 'from parameter currency', at: `${file}:20` }, { field: 'event_id', value: b.click_id, done: "the registered click's" }, { field: 'event_time', value: b.at.slice(0, 19) + 'Z', done: 'when the postback came' }, { field: 'properties.order_id', value: b.txid, done: '{txid}', at: `offers/${o.name}.yaml:16` }].filter(s => s.value);
  const queued = !stuck && ['queued', 'duplicate', 'quarantined'].includes(b.verdict);
  const again = { verdict: stuck ? b.verdict : queued ? 'queued' : b.verdict, ...(stuck || !queued ? { code: b.code } : {}), reason: stuck || !queued ? b.reason : '', warnings: [], consent: { decision: 'granted' },
    bodies: queued ? [{ event_source: 'web', event_source_id: o.pixel, data: [body] }] : [], fields, steps };
  const query = b.params.map(([k, v]) => `${k}=${encodeURIComponent(v.replace(/[\ud800-\udfff]/g, '?'))}`).join('&');
  return { id: String(b.id), matched: 'row', clicks: story.click ? [story.click] : [], postbacks: [b], walks: [], walks_problem: '', more: false, meaning: '', click: story.click, again,
    curl: `curl -sS 'http://127.0.0.1:8080/postback/${o.name}?key=KEY&${query}'`, test: `  - name: "the postback of ${b.at}"\n    given: "?${query}"\n    expect:\n      verdict: ${again.verdict}\n` };
}

function ledger(count, now = NOW, seed = 6) {
  const r = random(seed), stories = new Map();
  let at = now - count * 41e3;
  for (let id = 1; id <= count; id++) {
    const first = count - id, force = first === 2 ? { offer: 'sweeps-us', trouble: 2, click: true } : first === 7 ? { offer: 'nutra-de', fate: 'dead', click: true } : first === 0 ? { fate: 'waiting', offer: 'sweeps-us' } : first === 4 ? { trouble: 0, offer: 'nutra-de', click: true } : first === 5 ? { offer: 'nutra-de', fate: 'again', click: true } : {};
    at += 30e3 + r() * 20e3;
    stories.set(id, postback(id, Math.min(at, now - (count - id) * 2500), r, force));
  }
  return stories;
}

function state(stories, now = NOW, more = {}) {
  const n = { queued: 0, duplicate: 0, ignored: 0, quarantined: 0 };
  let dead = 0, waiting = 0;
  for (const s of stories.values()) { n[s.base.verdict]++; for (const e of s.base.events) { dead += e.state === 'dead'; waiting += e.state === 'waiting'; } }
  return { version: '0.1.0', now: iso(now), offers: OFFERS.map(o => ({ name: o.name, tracker: o.tracker, pixels: [o.pixel], events: o.events })), banner: [],
    outbox: { waiting, sending: 0, delivered: n.queued - dead - waiting, dead, withdrawn: 0, oldest: waiting ? iso(now - 2100) : null },
    since_start: { postbacks: stories.size, ...n, clicks: stories.size * 12 },
    refused: { since: iso(now - 9 * HOUR), counts: [{ offer: 'nutra-de', code: 'R001', count: 14 }, { offer: 'nutra-fr', code: 'R002', count: 3 }],
      last: [{ at: iso(now - 4 * 60e3), offer: 'nutra-de', code: 'R001', address: '198.51.100.0/24', parameters: ['key', 'subid', 'status', 'payout'] }, { at: iso(now - 61 * 60e3), offer: 'nutra-fr', code: 'R002', address: '198.51.100.0/24', parameters: ['key', 'subid'] }],
      before_reading: { malformed: 0, too_large: 0, too_slow: 2 }, not_stored: 0 }, ...more };
}

const BANNER = [
  { kind: 'reload', level: 'error', text: "the last reload failed, the rules before it are in force: offers/sweeps-us.yaml:14:3: M001 unknown key \"stagess\"; run: clickbaton check", since: iso(NOW - 11 * 60e3) },
  { kind: 'pixel', level: 'error', text: 'pixel C9EXAMPLEPIXEL01 is paused until its token is replaced (then: SIGHUP): 40105 the access token has been revoked', since: iso(NOW - 26 * 60e3) },
  { kind: 'alert', level: 'error', text: 'A004 sweeps-us: 31 % of the postbacks of the last hour are quarantined (usually 0.4 %)', since: iso(NOW - 44 * 60e3) }
];
const ALERTS = {
  active: [
    { id: 'A004/sweeps-us//1', state: 'firing', code: 'A004', offer: 'sweeps-us', event: '', since: iso(NOW - 44 * 60e3), text: '31 % of the postbacks of the last hour are quarantined (usually 0.4 %): 214 of 690, most of them Q002 unknown status word', first_action: 'open the quarantined conversions, list the word under a stage of the mapping, then replay them' },
    { id: 'A002/nutra-de/Lead/1', state: 'firing', code: 'A002', offer: 'nutra-de', event: 'Lead', since: iso(NOW - 3.2 * HOUR), text: '38 % of Lead events have no value (usually 0 %)', first_action: 'look at the mapping and the currency of the offer' }
  ],
  history: [
    { id: 'A006///1', state: 'recovered', code: 'A006', offer: '', event: '', since: iso(NOW - 12 * HOUR), until: iso(NOW - 10.4 * HOUR), text: 'the oldest event has waited for 41 min: TikTok answers HTTP 503' },
    { id: 'A001/loan-pl/Lead/1', state: 'recovered', code: 'A001', offer: 'loan-pl', event: 'Lead', since: iso(NOW - 53 * HOUR), until: iso(NOW - 51 * HOUR), text: 'no Lead for 2 h while 311 clicks came (usually 23 an hour)' }
  ],
  receivers: [{ name: 'telegram', last_id: 12, last_at: NOW - 44 * 60e3, delivered: true, ended: true, text: '' }, { name: 'webhook ops', last_id: 12, last_at: NOW - 44 * 60e3, delivered: true, ended: true, text: '' }],
  courier: true
};

module.exports = { NOW, OFFERS, random, ledger, postback, row, conversion, health, state, BANNER, ALERTS, iso };
