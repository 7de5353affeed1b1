// make screenshots: every view, light, dark and on a phone, into docs/images.  Names on the command line choose.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { launch } = require('../browser');
const data = require('./data');
const { Stub } = require('./stub');

const ROOT = path.resolve(__dirname, '../../..');
const OUT = path.join(ROOT, 'docs/images');
const chain = name => fs.readFileSync(path.join(ROOT, 'examples/chains', name), 'utf8');
const quarantined = 158, changed = 155, refused = 153, clean = 156;

const walk = name => async page => {
  await page.fill('textarea', chain(name));
  await page.click('text=Walk through it');
  await page.waitForSelector('.outcome');
};
const ready = selector => page => page.waitForSelector(selector);

// name, address, what to do, size, colours
const WIDE = [1440, 900], PHONE = [390, 844];
const SHOTS = [
  ['live-light', '#/live', ready('.list .row'), WIDE, 'light'],
  ['live-dark', '#/live', ready('.list .row'), WIDE, 'dark'],
  ['live-phone', '#/live', ready('.list .row'), PHONE, 'light'],
  ['conversion-light', `#/c/${changed}`, ready('.json'), [1440, 1150], 'light'],
  ['conversion-phone', `#/c/${quarantined}`, ready('.origin'), PHONE, 'dark'],
  ['quarantined-dark', `#/c/${quarantined}`, ready('.would .json'), [1440, 1000], 'dark'],
  ['replay-light', `#/c/${quarantined}`, async page => { await page.waitForSelector('.would'); await page.click('.why .button.primary'); await page.waitForSelector('.results li'); }, [1440, 800], 'light'],
  ['health-light', '#/health?range=24h', ready('.charts .bars'), [1440, 1320], 'light'],
  ['health-dark', '#/health?range=7d', ready('.charts .bars'), [1440, 1000], 'dark'],
  ['health-phone', '#/health', ready('.charts .bars'), PHONE, 'light'],
  ['alerts-light', '#/alerts', ready('.alert'), [1440, 900], 'light', 'trouble'],
  ['chain-light', '#/chain', walk('keitaro.yaml'), [1440, 900], 'light'],
  ['chain-dark', '#/chain', walk('lander-forgets-subid.yaml'), [1440, 900], 'dark'],
  ['chain-phone', '#/chain', async page => { await walk('lander-forgets-subid.yaml')(page); await page.evaluate(() => document.querySelector('.outcome').scrollIntoView()); }, PHONE, 'light'],
  ['trace-light', `#/trace?id=${[...data.ledger(160).values()][155].base.click_id}`, ready('.entry'), [1440, 620], 'light'],
  ['trace-nothing', '#/trace?id=zz9p1k4', ready('.meaning'), [1440, 560], 'dark'],
  ['help-light', '#/live', async page => { await page.waitForSelector('.list .row'); await page.keyboard.press('?'); }, [1440, 800], 'light']
];

async function main() {
  const wanted = process.argv.slice(2), stub = await new Stub(path.join(ROOT, process.env.BUILD || 'build', 'web/inspector')).open();
  stub.mended.add(quarantined);
  stub.other.add(changed);
  const browser = await launch({ args: ['--font-render-hinting=none'] });
  let total = 0;
  fs.mkdirSync(OUT, { recursive: true });
  for (const [name, hash, act, [width, height], colorScheme, trouble] of SHOTS) {
    if (wanted.length && !wanted.some(w => name.includes(w))) continue;
    stub.banner = trouble ? data.BANNER : [];
    stub.alerts = trouble ? data.ALERTS : { active: [], history: data.ALERTS.history, receivers: data.ALERTS.receivers, courier: true };
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, timezoneId: 'Europe/Berlin', reducedMotion: 'reduce', deviceScaleFactor: width < 500 ? 2 : 1 });
    const page = await context.newPage();
    page.on('pageerror', e => { throw e; });
    await page.clock.setFixedTime(data.NOW);
    await page.goto(stub.url + hash);
    await act(page);
    await page.waitForSelector('.is-live');
    await page.waitForTimeout(400);
    const file = path.join(OUT, `inspector-${name}.png`);
    await page.screenshot({ path: file });
    execFileSync('pngquant', ['--force', '--skip-if-larger', '--nofs', '--speed', '1', '--strip', '--output', file, '128', file]);
    await context.close();
    total += fs.statSync(file).size;
    console.log(`${(fs.statSync(file).size / 1000).toFixed(0).padStart(4)} kB  ${path.relative(ROOT, file)}`);
  }
  await browser.close();
  await stub.close();
  console.log(`${(total / 1000).toFixed(0).padStart(4)} kB in all`);
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1); });
