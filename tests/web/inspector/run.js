// make web: the inspector's page in Chromium, against a stub that answers as the server does, and against the real server.
// Names on the command line choose checks; --main runs the main ones (what `make test` has time for), --control breaks the
// page in every area and wants the checks to notice.
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { launch } = require('../browser');
const controls = require('./controls');
const data = require('./data');
const { Stub } = require('./stub');

const ROOT = path.resolve(__dirname, '../../..');
const PAGE = path.join(path.dirname(path.resolve(ROOT, process.env.CLICKBATON || 'build/clickbaton')), 'web/inspector');
const FILES = ['live', 'keys', 'conversion', 'trace', 'health', 'alerts', 'chain', 'session', 'layout', 'hostile', 'served'];
const AT_ONCE = 6;
// One of each kind; the hostile ones and the real server among them.
const MAIN = /^live: (every column|the stream is cut|healthy)|^keys: j, k|^conversion: (quarantined|what the current)|^health: (the figures|bars are)|^chain: opened|^session: the token|^layout: (live|health):|^hostile: all in|^served: (as a new user|what the stub)/;

let passed = 0, failed = 0, folder = PAGE, patience = 15000, quiet = false;

function verdict(name, why) {
  why ? ++failed : ++passed;
  if (!quiet) console.log(why ? `FAILED ${name}: ${why}` : `ok ${name}`);
}

// One check: a stub and a browser of its own, what went wrong in the page, what it asked of whom.
class Check {
  constructor(browser, options = {}) {
    Object.assign(this, { browser, options, problems: [], complaints: [], foreign: [], dialogs: 0, patience });
  }

  true(what, yes, why) { if (!yes) this.problems.push(`${what}: ${why === undefined ? 'it is not so' : why}`); }
  equal(what, got, want) {
    this.true(what, JSON.stringify(got) === JSON.stringify(want), `got ${JSON.stringify(got)}, wanted ${JSON.stringify(want)}`);
  }

  async until(what, condition, ms = patience) {
    const end = Date.now() + ms;
    for (let got; ;) {
      if ((got = await condition())) return got;
      if (Date.now() > end) throw new Error(`waited for ${what}`);
      await new Promise(r => setTimeout(r, 20));
    }
  }

  async open() {
    const { stub = {}, real, ...more } = this.options;
    if (!real) this.stub = await new Stub(folder, stub).open();
    this.context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, timezoneId: 'Europe/Berlin', reducedMotion: 'reduce', permissions: ['clipboard-read', 'clipboard-write'], ...more });
    this.context.setDefaultTimeout(patience);
    this.context.on('console', m => { if (m.type() === 'error' && !/^Failed to load resource/.test(m.text())) this.complaints.push(m.text()); });
    this.context.on('weberror', e => this.complaints.push(String(e.error())));
    this.context.on('dialog', d => { this.dialogs++; d.dismiss(); });
    this.context.on('request', r => { if (!/^(data|blob):/.test(r.url()) && new URL(r.url()).hostname !== '127.0.0.1') this.foreign.push(r.url()); });
    return this;
  }

  // A tab at an address of the page; the clock stands where the data ends.
  async tab(hash = '#/live', { clock = true, url = this.stub.url } = {}) {
    const page = await this.context.newPage();
    if (clock && this.stub) await page.clock.setFixedTime(data.NOW);
    await page.goto(url + hash);
    return page;
  }

  asked(where) { return this.stub.asked.filter(a => a.path === where); }

  async close() {
    if (this.context) await this.context.close();
    if (this.stub) await this.stub.close();
    this.equal('complaints of the browser (the content security policy, errors of the page)', this.complaints.slice(0, 3), []);
    this.equal('dialogs', this.dialogs, 0);
    this.equal('requests to others', this.foreign, []);
  }
}

async function run(browser, { name, act, options }) {
  const t = new Check(browser, options);
  try {
    await t.open();
    await act(t);
  } catch (e) {
    t.problems.push(String(e.message).split('\n').slice(0, 2).join(' ') + ' ' + ((e.stack || '').match(/\((\/.*?:\d+)/) || ['', ''])[1]);
  }
  await t.close().catch(e => t.problems.push(e.message));
  return t.problems;
}

async function checks(browser, list) {
  const todo = list.slice(), broken = [];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let c; (c = todo.shift());) {
      const start = Date.now(), problems = await run(browser, c);
      if (process.env.TIMES) console.log(`${Date.now() - start} ms  ${c.name}`);
      if (problems.length) broken.push(c.name);
      verdict(c.name, problems.join('; ').slice(0, 1500));
    }
  }));
  return broken;
}

// Each control breaks one place of the page; at least one of its checks must fail.
async function control(browser, all, wanted) {
  const { bundle } = await import(path.join(ROOT, 'web/inspector/build.mjs'));
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'clickbaton-page-'));
  let alive = 0, seen = 0;
  quiet = true;
  patience = 2500;
  for (const c of controls) {
    if (wanted.length && !wanted.some(x => c.area.includes(x))) continue;
    folder = path.join(temporary, String(seen + alive));
    await bundle(folder, c);
    const list = all.filter(x => c.checks.test(x.name)), broken = await checks(browser, list);
    broken.length ? ++seen : ++alive;
    console.log(broken.length ? `ok broken on purpose, ${c.area}: ${broken.join(', ')}` : `FAILED broken on purpose, ${c.area}: none of ${list.length} checks noticed`);
  }
  fs.rmSync(temporary, { recursive: true, force: true });
  passed = seen;
  failed = alive;
}

async function main() {
  const wanted = process.argv.slice(2).filter(a => !a.startsWith('--'));
  const all = FILES.flatMap(f => require('./checks/' + f).map(([name, act, options]) => ({ name: `${f}: ${name}`, act, options })));
  const start = Date.now();
  const browser = await launch({ args: ['--force-color-profile=srgb'] });
  try {
    if (process.argv.includes('--control')) await control(browser, all.filter(c => !c.options?.real), wanted);
    else await checks(browser, all.filter(c => process.argv.includes('--main') ? MAIN.test(c.name) : !wanted.length || wanted.some(w => c.name.includes(w))));
  } catch (e) {
    verdict('the suite', e.stack);
  } finally {
    await browser.close();
  }
  console.log(`covered: ${FILES.join(', ')}; ${((Date.now() - start) / 1000).toFixed(1)} s`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed || !passed ? 1 : 0);
}

process.on('SIGTERM', () => process.exit(143));
main();
