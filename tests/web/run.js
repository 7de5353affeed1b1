// make web: the landing script in a real browser, against the real server.  Names on the command line
// choose checks; --control breaks the script in every area and wants the checks to notice.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { Fixture, impatient } = require('./fixture');
const controls = require('./controls');

const AT_ONCE = 8; // most of them wait most of the time
const FILES = ['form', 'funnel', 'visit', 'storage', 'pixel', 'links', 'network', 'late', 'consent', 'hostile', 'report'];

let passed = 0, failed = 0;

function verdict(name, why) {
  why ? ++failed : ++passed;
  if (!controls.running) console.log(why ? `FAILED ${name}: ${why}` : `ok ${name}`);
}

// A visitor: a browser context of its own, what the pixel was told, which registrations left.
class Visitor {
  constructor(fixture, context) {
    Object.assign(this, { fixture, context, calls: [], sent: [], errors: [], complaints: [], dialogs: 0 });
    context.on('console', m => {
      const found = /^TTQ (.*)$/s.exec(m.text());
      const call = found && JSON.parse(found[1]);
      if (found) this.calls.some(c => c.n === call.n) || this.calls.push(call);
      else if (m.type() === 'error') this.complaints.push(m.text());
    });
    context.on('request', r => {
      if (r.url().includes('/click/')) this.sent.push({ body: r.postData(), type: r.resourceType(), request: r });
    });
    context.on('weberror', e => this.errors.push(e.error()));
    context.on('dialog', d => { this.dialogs++; d.dismiss(); });
  }

  // A new tab at host + path, with the script running (or with what else is waited for).
  async open(host, where, ready = () => window.clickbaton && window.clickbaton.id()) {
    const page = await this.context.newPage();
    await this.go(page, host, where, ready);
    return page;
  }

  async go(page, host, where, ready = () => window.clickbaton && window.clickbaton.id()) {
    await page.goto(this.fixture.origin(host) + where);
    if (ready) await page.waitForFunction(ready, null, { polling: 20 });
  }

  fired(name) { return this.calls.filter(c => c.name === name); }
}

async function check(fixture, { name, run, options }) {
  const problems = [];
  const t = {
    fixture,
    true: (what, yes, why) => { if (!yes) problems.push(`${what}: ${why === undefined ? 'it is not so' : why}`); },
    equal: (what, got, want) => t.true(what, JSON.stringify(got) === JSON.stringify(want),
      `got ${JSON.stringify(got)}, wanted ${JSON.stringify(want)}`)
  };
  let context;
  try {
    const { whole, ...context_options } = options || {};
    context = await (whole ? await fixture.whole() : fixture.browser).newContext(context_options);
    if (controls.running) context.setDefaultTimeout(5000);
    await controls.install(context);
    t.visitor = new Visitor(fixture, context);
    await run(t, t.visitor);
    t.equal('errors in the page', t.visitor.errors.map(String), []);
    t.equal('dialogs', t.visitor.dialogs, 0);
  } catch (e) {
    problems.push(String(e.message).split('\n')[0] + ' ' + ((e.stack || '').match(/\((\/.*?:\d+)/) || ['', ''])[1]);
  } finally {
    if (context) await context.close();
  }
  return problems;
}

async function checks(fixture, list) {
  const todo = list.slice(), broken = [];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let c; (c = todo.shift());) {
      const start = Date.now(), problems = await check(fixture, c);
      if (process.env.TIMES) console.log(`${Date.now() - start} ms  ${c.name}`);
      if (problems.length) broken.push(c.name);
      verdict(c.name, problems.join('; ').slice(0, 1500));
    }
  }));
  return broken;
}

// Each control breaks one place of the script; at least one of its checks must fail.
async function control(fixture, all, wanted) {
  let alive = 0, seen = 0;
  impatient();
  for (const c of controls.list) {
    const list = all.filter(x => c.checks.test(x.name));
    if (wanted.length && !wanted.some(x => c.area.includes(x))) continue;
    controls.running = c;
    controls.fits();
    const broken = await checks(fixture, list);
    broken.length ? ++seen : ++alive;
    console.log(broken.length ? `ok broken on purpose, ${c.area}: ${broken.join(', ')}`
      : `FAILED broken on purpose, ${c.area}: none of ${list.length} checks noticed`);
  }
  passed = seen;
  failed = alive;
}

async function main() {
  const wanted = process.argv.slice(2).filter(a => !a.startsWith('--'));
  const all = FILES.filter(f => fs.existsSync(path.join(__dirname, 'checks', f + '.js')))
    .flatMap(f => require('./checks/' + f).map(([name, run, options]) => ({ name: `${f}: ${name}`, run, options })));
  const start = Date.now(), fixture = new Fixture();
  try {
    await fixture.open();
    if (process.argv.includes('--control')) await control(fixture, all, wanted);
    else await checks(fixture, all.filter(c => !wanted.length || wanted.some(w => c.name.includes(w))));
  } catch (e) {
    verdict('the fixture', e.stack);
  } finally {
    await fixture.close();
  }
  console.log(`covered: ${FILES.join(', ')}; ${((Date.now() - start) / 1000).toFixed(1)} s`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed || !passed ? 1 : 0);
}

process.on('SIGTERM', () => process.exit(143));
main();
