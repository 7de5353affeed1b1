// What the browser tests share: the real server and sandbox as children, a web server that plays the
// hosts of a funnel (told apart by the Host header), and Chromium, which finds every name on loopback.
'use strict';
const { spawn, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { launch } = require('./browser');

const ROOT = path.resolve(__dirname, '../..');
const BINARY = path.resolve(ROOT, process.env.CLICKBATON || 'build/clickbaton');
const KEY = 'k3y-of-the-postbacks-0123456789abcdef';
const PIXEL = 'C9EXAMPLEPIXEL00';
// Every name is loopback, and pages may come back from the bfcache.
const BROWSER = { ignoreDefaultArgs: ['--disable-back-forward-cache'], args: ['--disable-site-isolation-trials', '--disable-features=IsolateOrigins,site-per-process,SpareRendererForSitePerProcess', '--host-resolver-rules=MAP * 127.0.0.1'] };
const HOSTS = ['ad', 'trk', 'pre', 'lander', 'shop', 'www.lander'];

const sleep = ms => new Promise(r => setTimeout(r, ms));

let patience = 0; // seconds to wait for anything when failures are what is wanted
const impatient = () => { patience = 4; };

// The first true answer of condition.
async function until(what, condition, seconds = 20, every = 25) {
  const end = Date.now() + (patience || seconds) * 1000;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await sleep(every);
  }
}

// ---- children, ended by their pid ----

const children = [];
function child(args, cwd) {
  const p = spawn(BINARY, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  p.text = '';
  for (const s of [p.stdout, p.stderr]) s.on('data', b => { p.text += b; });
  children.push(p);
  return p;
}

async function listening(p) {
  const found = await until('a program to listen',
    () => p.exitCode !== null ? [p.text] : /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(p.text));
  if (!found[1]) throw new Error('it ended: ' + found[0]);
  return Number(found[1]);
}

// ---- pages ----

// In place of TikTok's pixel: every call becomes a line of the console, which outlives the page.  A page
// that comes back from the bfcache has its old lines repeated by the debugger: n tells them apart.
const PIXEL_STUB = `window.ttq = { track: (name, props, options) => console.debug('TTQ ' +
  JSON.stringify({ n: Math.random(), name, props, id: options && options.event_id, url: location.href })) };`;

class Fixture {
  async open() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'clickbaton-web-'));
    this.pages = new Map();
    this.web = http.createServer((q, a) => this.answer(q, a));
    await new Promise(r => this.web.listen(0, '127.0.0.1', r));
    this.port = this.web.address().port;
    const sandbox = child(['sandbox', '--quiet', '--rate', '1000000', '--listen', '127.0.0.1:0'], this.folder);
    this.sandbox = await listening(sandbox);
    this.configure();
    this.serve = await listening(child(['serve', '-c', 'clickbaton.yaml'], this.folder));
    this.browser = await launch(BROWSER);
    return this;
  }

  // The browser that has a bfcache, for those who need it.
  whole() { return this.wholly ||= launch({ ...BROWSER, whole: true }); }

  async close() {
    for (const b of [this.browser, await this.wholly]) if (b) await b.close();
    for (const p of children) if (p.exitCode === null) p.kill('SIGKILL');
    this.web.closeAllConnections ? this.web.closeAllConnections() : 0;
    this.web.close();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  write(name, text, mode = 0o644) {
    const file = path.join(this.folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode });
    return file;
  }

  configure() {
    this.write('keys/postback', KEY + '\n', 0o600);
    this.write('keys/tiktok', 't0ken-of-the-events-api-0123456789abcdef\n', 0o600);
    this.write('clickbaton.yaml', `version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
data: ./data
offers: ./offers
key: {file: ./keys/postback}
tiktok:
  endpoint: http://127.0.0.1:${this.sandbox}/open_api/v1.3/event/track/
  pixels: {${PIXEL}: {token: {file: ./keys/tiktok}}}
`);
    this.write('offers/nutra-de.yaml', this.offer('nutra-de'));
    this.write('offers/asks.yaml', this.offer('asks') +
      'consent: {from: "{param.consent}", granted: ["1"], otherwise: drop}\n');
  }

  offer(name) {
    return `version: 1
offer: ${name}
extends: keitaro
pixel: ${PIXEL}
page_url: https://lander.example/nutra
origins: [${HOSTS.map(h => this.origin(h)).join(', ')}]
value_currency: USD
events:
  lead: {event: Lead, value: 10}
  sale: {event: Purchase, value: payout}
  rebill: {event: Purchase, value: payout, repeatable: true}
user: {external_id: "{click_id}"}
`;
  }

  origin(host) { return `http://${host}.test:${this.port}`; }

  // A page at that path of every host.  attributes: of the script; head comes before it.
  page(where, { attributes = '', head = '', body = '', pixel = true, script = true, click = 'subid', offer = 'nutra-de' } = {}) {
    const tag = `<script async src="http://pb.test:${this.serve}/lander.js" data-offer="${offer}" ` +
      `data-click-id="${click}" ${attributes}></script>`;
    this.pages.set(where, `<!doctype html><meta charset="utf-8"><title>page</title>
${pixel ? `<script>${PIXEL_STUB}</script>` : ''}${head}${script ? tag : ''}<body>${body}`);
    return where;
  }

  answer(request, response) {
    const host = (request.headers.host || '').split('.test')[0];
    const url = new URL(request.url, 'http://x');
    const page = this.pages.get(url.pathname);
    request.resume();
    if (host === 'trk') return this.track(url, response);
    response.writeHead(page === undefined ? 404 : 200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(page === undefined ? 'no such page' : page);
  }

  // A tracker as in the trackers' manuals: it makes a click id, and goes where `to` says with every
  // parameter that came.
  track(url, response) {
    const to = new URL(url.searchParams.get('to') || this.origin('lander') + '/nowhere');
    if (!url.searchParams.has('subid')) to.searchParams.set('subid', unique('sub'));
    for (const [name, value] of url.searchParams)
      if (name !== 'to' && !to.searchParams.has(name)) to.searchParams.append(name, value);
    response.writeHead(302, { Location: to.href });
    response.end();
  }

  // ---- what the server knows ----

  rows(sql) {
    const out = execFileSync('sqlite3', ['-readonly', '-json', '-cmd', '.timeout 5000',
      path.join(this.folder, 'data/clickbaton.db'), sql], { encoding: 'utf8' });
    return out ? JSON.parse(out) : [];
  }

  // A ttclid that stands in the page's URL is stored as its place there.
  clicks(where) {
    return this.rows(`SELECT * FROM clicks WHERE ${where}`).map(r => typeof r.ttclid !== 'number' ? r
      : Object.assign(r, { ttclid: r.page_url.substr(r.ttclid >> 16, r.ttclid & 0xffff) }));
  }

  click(id, more = '') {
    return until(`the click ${id} ${more}`, () => this.clicks(`click_id = '${id}' ${more}`)[0], 20, 100);
  }

  snippet(...options) {
    return execFileSync(BINARY, ['snippet', path.join(this.folder, 'offers/nutra-de.yaml'),
      '--host', `http://pb.test:${this.serve}`, ...options], { encoding: 'utf8' });
  }

  async postback(query, offer = 'nutra-de') {
    const r = await fetch(`http://127.0.0.1:${this.serve}/postback/${offer}?key=${KEY}&verbose=1&${query}`);
    return (await r.json()).verdict;
  }

  async events() {
    return (await fetch(`http://127.0.0.1:${this.sandbox}/events`)).json().then(e => e.events || e);
  }

  delivered(id, name) {
    return until(`the event ${name} ${id} at the sandbox`, async () =>
      (await this.events()).find(e => e.event_id === id && e.event === name));
  }
}

// In the page, so that what its own timers and calls have to say has been said before.
const rest = (page, ms) => page.evaluate(n => new Promise(r => setTimeout(r, n)), ms);

let count = 0;
const unique = prefix => `${prefix}${(process.pid + 1e5).toString(36)}x${100 + ++count}`;
// Long, with small and capital letters, as TikTok's are.
const ttclid = () => `E.C.P.${unique('CtsBJpAaoVfUlxm3vbwy_-')}${'EgR2Mi4tQ'.repeat(33)}`;

module.exports = { Fixture, impatient, rest, until, sleep, unique, ttclid, ROOT, PIXEL_STUB };
