// The walk of docs/getting-started.md on the real thing: the demo left running, its inspector in Chromium, the mapping mended, the conversion
// replayed, delivered, and traced.  --shots also takes the pictures: docs/images/walk-*.png.
'use strict';
const { spawn, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { launch } = require('./browser');

const ROOT = path.resolve(__dirname, '../..');
const BINARY = path.resolve(ROOT, process.env.CLICKBATON || 'build/clickbaton');
const SHOTS = process.argv.includes('--shots');
const ID = '93c7bd0aa86o0b9', WORD = 'buy_button';

let passed = 0, failed = 0, total = 0;
function check(name, good, why = '') {
  good ? ++passed : ++failed;
  console.log(good ? `ok ${name}` : `FAILED ${name}: ${String(why).slice(0, 900)}`);
}
const equal = (name, got, want) => check(name, JSON.stringify(got) === JSON.stringify(want), `got ${JSON.stringify(got)}, wanted ${JSON.stringify(want)}`);

async function until(what, condition, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (let got; ;) {
    if ((got = await condition())) return got;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise(r => setTimeout(r, 30));
  }
}

// ---- the demo ----

class Demo {
  async start() {
    this.text = '';
    this.process = spawn('python3', ['-u', 'examples/demo/run.py', '--quick'], { cwd: ROOT, env: { ...process.env, KEEP: '1', CLICKBATON: BINARY }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const s of [this.process.stdout, this.process.stderr]) s.on('data', b => { this.text += b; });
    this.ended = new Promise(r => this.process.on('exit', r));
    await until('the demo to say what there is to see', () => {
      if (this.process.exitCode !== null) throw new Error('the demo ended: ' + this.text.slice(-2000));
      return /with pictures\./.test(this.text);
    });
    this.link = /^ +(http:\/\/127\.0\.0\.1:\d+\/#token=[0-9a-f]+)$/m.exec(this.text)[1];
    this.folder = /^ +(\/\S+)$/m.exec(this.text)[1];
    this.commands = [...this.text.split('Try next')[1].matchAll(/^ {2}(\S.*)$/gm)].map(m => m[1]);
    return this;
  }

  // One of the commands that it printed, as a shell runs it.
  run(which) {
    const line = this.commands.find(c => c.includes(which));
    try { return { code: 0, out: execFileSync('bash', ['-c', line], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }) }; } catch (e) { return { code: e.status, out: e.stdout + e.stderr }; }
  }

  async stop() {
    const server = Number(fs.readFileSync(path.join(this.folder, 'data/lock'), 'utf8'));
    this.process.kill('SIGINT');
    const code = await this.ended;
    let gone = false;
    try { process.kill(server, 0); } catch (e) { gone = e.code === 'ESRCH'; }
    equal('Ctrl-C: the demo ends well, its server is gone, its folder too', [code, gone, fs.existsSync(this.folder)], [0, true, false]);
  }
}

// ---- the walk ----

const words = (page, where) => page.$eval(where, e => e.innerText.replace(/\s+/g, ' ').trim());

async function shot(page, name) {
  if (!SHOTS) return;
  const file = path.join(ROOT, `docs/images/walk-${name}.png`);
  await page.evaluate(() => document.querySelector('.toast')?.remove());
  await page.waitForTimeout(500);
  await page.screenshot({ path: file });
  execFileSync('pngquant', ['--force', '--skip-if-larger', '--nofs', '--speed', '1', '--strip', '--output', file, '96', file]);
  total += fs.statSync(file).size;
  console.log(`${(fs.statSync(file).size / 1000).toFixed(0).padStart(4)} kB  ${path.relative(ROOT, file)}`);
}

async function find(page, demo) {
  await page.goto(demo.link);
  await page.waitForSelector('.list .row');
  equal('the link opens it, the token leaves the address', new URL(page.url()).hash, '#/live');
  await shot(page, '1-live');
  await page.getByRole('link', { name: 'Health', exact: true }).click();
  await page.getByRole('button', { name: '7 d', exact: true }).click();
  await page.waitForSelector('.charts .bars');
  check('a week is there to look at', Number(/Postbacks ([\d,]+)/.exec(await words(page, 'main'))[1].replace(',', '')) > 400, await words(page, 'main'));
  await shot(page, '2-health');
  await page.getByRole('link', { name: 'Live', exact: true }).click();
  await page.waitForSelector('.list .row');
  await page.getByLabel('Verdict', { exact: true }).selectOption('quarantined');
  await page.waitForSelector('text=That is all that is stored and fits the filters.');
  equal('seven wait, six for the same word', [(await page.$$('.list .row')).length, (await page.$$(`.list .row:has-text("${WORD}")`)).length], [7, 6]);
  await shot(page, '3-quarantined');
}

async function read(page) {
  await page.click(`.list .row:has-text("${ID}")`);
  await page.waitForSelector('.why .lines');
  const why = await words(page, '.why');
  for (const x of ['Q002 unknown status word', `no stage of the mapping lists the word "${WORD}"`, 'In the mapping of loan-pl', `stages: sale: [${WORD}]`, 'kill -HUP $(cat data/lock)'])
    check(`it says: ${x}`, why.includes(x), why);
  await shot(page, '4-why');
}

async function mend(page, demo) {
  const mended = demo.run('kill -HUP');
  equal('the mapping is mended and reloaded by the line that was printed', mended, { code: 0, out: '' });
  await until('the reload', () => /msg="reloaded"/.test(fs.readFileSync(path.join(demo.folder, 'serve.log'), 'utf8')));
  await page.click('text=Translate again');
  await page.waitForSelector('.why .button.primary');
  check('it says that it is mended', (await words(page, '.why')).includes('Mended: the mapping in force now makes Lead 5.00 USD of it.'), await words(page, '.why'));
  equal('no lines to add any more', await page.$('.why .lines'), null);
  await shot(page, '5-mended');
}

async function replay(page) {
  await page.click('.why .button.primary');
  await page.waitForSelector('dialog >> text=What it would do: 1 queued');
  await shot(page, '6-replay');
  await page.click('dialog .button.primary');
  await page.waitForSelector('dialog >> text=What came of it: 1 queued');
  await page.click('text=Done');
  await until('TikTok’s answer on the page', async () => { await page.waitForTimeout(100); return (await page.$('.event .s-delivered')) || (await page.click('text=Translate again'), null); });
  check('what TikTok got', (await words(page, '.event')).includes('HTTP 200 0 OK'), await words(page, '.event'));
  check('what it was is told, with nothing left to do', /was its verdict until/.test(await words(page, '.why')) && !/What to do/.test(await words(page, '.why')), await words(page, '.why'));
  await shot(page, '7-delivered');
}

async function trace(page, demo) {
  const seen = demo.run('trace');
  check('`trace` finds the same id', seen.code === 0 && /postback \d+, tracker binom, stage lead: queued/.test(seen.out) && /event \d+: Lead for pixel \S+, event_id ev-93c7bd, 5 USD: delivered/.test(seen.out), seen.out);
  const request = /request id (\d+)/.exec(seen.out)?.[1];
  await page.fill('input[type=search]', ID);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.entries .sent');
  const entries = await words(page, '.entries');
  check('so does the page, with what it was', request && entries.includes(request) && entries.includes('Q002 was its verdict until'), entries);
  await shot(page, '8-trace');
  const rest = demo.run('replay --since');
  check('the other five by `replay`', rest.code === 1 && /6 quarantined postbacks: 5 became 5 events, worth 25 USD/.test(rest.out) && /1 +Q003/.test(rest.out), rest.out);
  const report = demo.run('report');
  check('`report` has the week', report.code === 0 && /Signal health, the 7 days/.test(report.out), report.out);
}

async function main() {
  const start = Date.now(), complaints = [];
  const browser = await launch({ args: ['--font-render-hinting=none'] });
  const demo = new Demo();
  try {
    await demo.start();
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, timezoneId: 'Europe/Berlin', colorScheme: 'light', reducedMotion: 'reduce' });
    page.setDefaultTimeout(20000);
    page.on('console', m => { if (m.type() === 'error') complaints.push(m.text()); });
    page.on('pageerror', e => complaints.push(String(e)));
    await find(page, demo);
    await read(page);
    await mend(page, demo);
    await replay(page);
    await trace(page, demo);
    equal('the browser has nothing to complain of', complaints, []);
  } catch (e) {
    check('the walk', false, e.stack);
  } finally {
    await browser.close();
    if (demo.folder) await demo.stop();
    else if (demo.process && demo.process.exitCode === null) demo.process.kill('SIGTERM');
  }
  if (SHOTS) console.log(`${(total / 1000).toFixed(0).padStart(4)} kB in all`);
  console.log(`covered: the walk of docs/getting-started.md; ${((Date.now() - start) / 1000).toFixed(1)} s`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

main();
