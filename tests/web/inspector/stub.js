// A server that answers docs/inspector.md's API as the real one does, headers included, from data.js; a test changes what it says.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const data = require('./data');

// The same headers as cli/inspector/reply.c; the suite against the real server compares them.
const GUARDS = {
  'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin', 'Cross-Origin-Opener-Policy': 'same-origin'
};
const FILES = { '/': ['index.html', 'text/html; charset=utf-8'], '/inspector.js': ['inspector.js', 'text/javascript; charset=utf-8'], '/inspector.css': ['inspector.css', 'text/css; charset=utf-8'] };
const TOKEN = 't0ken', PASSWORD = 'correct horse';

class Stub {
  constructor(folder, { count = 160, now = data.NOW, walks = {} } = {}) {
    Object.assign(this, { folder, now, walks, live: new Set(), asked: [], sessions: new Set(['s0']), down: false, banner: [], alerts: { active: [], history: [], receivers: [] }, mended: new Set(), other: new Set(), serial: 0, open_to_all: true });
    this.stories = count ? data.ledger(count, now) : new Map();
    this.server = http.createServer((q, a) => this.answer(q, a));
  }

  async open(port = 0) {
    await new Promise((ok, no) => this.server.once('error', no).listen(port, '127.0.0.1', ok));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}/`;
    return this;
  }

  async close() {
    this.cut();
    this.server.closeAllConnections?.();
    await new Promise(r => this.server.close(r));
  }

  // ---- what a test does to it ----

  cut() { for (const s of this.live) s.destroy(); this.live.clear(); }
  say(event, value) { for (const s of this.live) s.write(`event: ${event}\ndata: ${JSON.stringify(value)}\n\n`); }
  state() { return data.state(this.stories, this.now, { banner: this.banner, ...this.changed }); }
  push(story) { this.stories.set(story.base.id, story); this.say('row', data.row(story)); }
  next(force) {
    const id = Math.max(0, ...this.stories.keys()) + 1;
    const story = data.postback(id, this.now + id, data.random(id * 31), force);
    this.push(story);
    return story;
  }

  // ---- routes ----

  answer(q, a) {
    const url = new URL(q.url, this.url), chunks = [];
    if (this.down) return q.socket.destroy();
    const name = url.pathname;
    if (FILES[name]) {
      a.writeHead(200, { ...GUARDS, 'Content-Type': FILES[name][1] });
      return a.end(fs.readFileSync(path.join(this.folder, FILES[name][0])));
    }
    q.on('data', c => chunks.push(c));
    q.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      this.asked.push({ method: q.method, path: name, query: Object.fromEntries(url.searchParams), body, type: q.headers['content-type'] });
      const handle = { 'POST /api/login': 'login', 'POST /api/logout': 'logout' }[`${q.method} ${name}`];
      const inside = this.open_to_all || [...this.sessions].some(s => (q.headers.cookie || '').includes(`session=${s}`));
      if (handle) return this[handle](a, body);
      if (!inside) return this.json(a, 401, { error: 'log in first: open the URL that `clickbaton inspect` prints on the server, or give the password' });
      const id = /^\/api\/conversion\/(.*)$/.exec(name);
      if (id) return this.conversion(a, id[1]);
      const route = { 'GET /api/state': () => this.json(a, 200, this.state()), 'GET /api/conversions': () => this.conversions(a, url.searchParams), 'GET /api/trace': () => this.trace(a, url.searchParams.get('id')),
        'GET /api/health': () => this.health(a, url.searchParams), 'GET /api/live': () => this.stream(a), 'POST /api/replay': () => this.replay(a, JSON.parse(body)), 'GET /api/alerts': () => this.json(a, 200, this.alerts), 'POST /api/simulate': () => this.simulate(a, body) }[`${q.method} ${name}`];
      route ? route() : this.json(a, 404, { error: 'not found: /, /livez, /readyz and /refused are here' });
    });
  }

  json(a, status, value) {
    a.writeHead(status, { ...GUARDS, 'Content-Type': 'application/json; charset=utf-8' });
    a.end(JSON.stringify(value));
  }

  login(a, body) {
    const { token, password } = JSON.parse(body);
    if (token !== TOKEN && password !== PASSWORD) return this.json(a, 401, { error: 'the password is wrong' });
    const s = 's' + ++this.serial;
    this.sessions.add(s);
    a.writeHead(204, { ...GUARDS, 'Set-Cookie': `session=${s}; HttpOnly; SameSite=Strict; Path=/` });
    a.end();
  }

  logout(a) { this.sessions.clear(); a.writeHead(204, GUARDS); a.end(); }

  conversions(a, p) {
    const when = s => /^\d+[mhd]$/.test(s) ? this.now - parseInt(s, 10) * { m: 60e3, h: 3600e3, d: 86400e3 }[s.slice(-1)] : Date.parse(s);
    const limit = Number(p.get('limit') || 50), before = Number(p.get('before') || Infinity);
    if (this.refuse) return this.json(a, 503, { error: this.refuse });
    const fates = { __proto__: null, waiting: ['waiting', 'sending'], delivered: ['delivered'], refused: ['dead'], dead: ['dead'], withdrawn: ['withdrawn'] }[p.get('state')];
    if (p.get('state') && !fates) return this.json(a, 400, { error: '`state` is waiting, delivered, refused or withdrawn' });
    const fit = [...this.stories.values()].map(data.row).reverse().filter(r => r.id < before && (!fates || r.events.some(e => fates.includes(e.state))) &&
      ['offer', 'tracker', 'stage', 'verdict', 'code'].every(n => !p.get(n) || r[n] === p.get(n)) &&
      (!p.get('since') || Date.parse(r.at) >= when(p.get('since'))) && (!p.get('until') || Date.parse(r.at) < when(p.get('until'))));
    if (!this.span) return this.json(a, 200, { rows: fit.slice(0, limit), next: fit.length > limit ? fit[limit - 1].id : null });
    const top = Math.min(before - 1, Math.max(0, ...this.stories.keys())), near = fit.filter(r => r.id > top - this.span); // as the server, which looks at so many
    this.json(a, 200, { rows: near.slice(0, limit), next: near.length > limit ? near[limit - 1].id : top > this.span ? top - this.span + 1 : null });
  }

  conversion(a, id) {
    const story = this.stories.get(Number(id));
    if (!story) return this.json(a, 404, { error: 'there is no postback with this number; what is older than `retention: ledger` is gone' });
    this.json(a, 200, { ...data.conversion(story, { mended: this.mended.has(story.base.id), other: this.other.has(story.base.id) }), walks: this.simulated || [] });
  }

  trace(a, id) {
    const mine = [...this.stories.values()].filter(s => [s.base.click_id, s.base.event_id, s.base.txid].includes(id) || (id.length > 8 && s.base.ttclid.startsWith(id)));
    const meaning = mine.length ? '' : 'No click, postback or event has this id.\nStored are 1,932 clicks and 160 postbacks.\nWhat to check first:\n1. The tracker\'s own postback log: was it sent, to this server and to the right offer, and what was the answer? 200 means that it is stored here.\n2. Was it refused (a wrong or missing key, an unknown offer, a limit)? What is refused is not stored, only counted.\n3. Is it the same id? Each character counts, upper and lower case too.';
    this.json(a, 200, { id, matched: mine.length ? 'click_id' : '', clicks: mine.filter(s => s.click).map(s => s.click), postbacks: mine.map(s => s.base), walks: this.simulated || [], walks_problem: '', more: false, meaning });
  }

  health(a, p) {
    const answer = data.health({ offer: p.get('offer') || '', since: p.get('since'), until: p.get('until'), step: Number(p.get('step') || 3600) }, this.now);
    this.json(a, 200, this.stories.size ? (this.twist ? this.twist(answer) : answer) : { ...answer, offers: [] });
  }

  stream(a) {
    a.writeHead(200, { ...GUARDS, 'Content-Type': 'text/event-stream; charset=utf-8' });
    a.write(`retry: 200\n\nevent: state\ndata: ${JSON.stringify(this.state())}\n\nid: ${this.stories.size}.1\n\n`);
    this.live.add(a);
    a.on('close', () => this.live.delete(a));
  }

  replay(a, { postbacks, events, dry }) {
    const results = (postbacks || events).map(id => {
      if (events) return { id, before: 'dead', verdict: 'queued', code: '', reason: '', bodies: [] };
      const story = this.stories.get(id), b = story?.base;
      if (!b || b.verdict !== 'quarantined') return { id, left: 'it is not quarantined any more', bodies: [] };
      if (!this.mended.has(id)) return { id, before: b.code, verdict: 'quarantined', code: b.code, reason: b.reason, bodies: [] };
      const before = b.code, again = data.conversion(story, { mended: true }).again;
      if (!dry) {
        Object.assign(b, { verdict: 'queued', code: '', reason: '', stage: 'sale', event_id: b.click_id, rule: { file: `offers/${b.offer}.yaml`, line: 21 }, warnings: [{ code: before, text: 'replayed' }] });
        b.events.push(data.postback(id, this.now, data.random(id), { offer: b.offer, fate: 'ok' }).base.events[0] || null);
        b.events[0].body = again.bodies[0].data[0];
        setTimeout(() => this.say('row', data.row(story)), 50);
      }
      return { id, before, verdict: 'queued', code: '', reason: '', bodies: dry ? again.bodies : [] };
    });
    this.json(a, 200, { results });
  }

  simulate(a, yaml) {
    if (/^hopss:/m.test(yaml) || !/^start:/m.test(yaml)) return this.json(a, 400, { problems: require('./walks/problems.json').problems });
    this.json(a, 200, require(/source=tiktok/.test(yaml) ? './walks/broken.json' : './walks/kept.json'));
  }
}

module.exports = { Stub, GUARDS, TOKEN, PASSWORD };
