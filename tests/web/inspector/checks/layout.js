// Every view: wide, as at 200 %, on a phone; light and dark; names, labels, contrast.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const audit = require('../audit');
const data = require('../data');

const broken = fs.readFileSync(path.resolve(__dirname, '../../../../examples/chains/lander-forgets-subid.yaml'), 'utf8');
const VIEWS = [
  ['live', '#/live', p => p.waitForSelector('.strip .bars').then(() => p.waitForSelector('.list .row'))],
  ['filtered', '#/live?offer=nutra-de&since=2026-11-26T14:00:00.000Z&until=2026-11-26T15:30:00.000Z', p => p.waitForSelector('.list .row')],
  ['refused ones', '#/live?offer=nutra-de&state=refused&since=24h', p => p.waitForSelector('.todo pre').then(() => p.waitForSelector('.list .row'))],
  ['conversion', '#/c/155', p => p.waitForSelector('.json')],
  ['quarantined', '#/c/158', p => p.waitForSelector('.would')],
  ['refused', '#/c/153', p => p.waitForSelector('.attempts li')],
  ['replay', '#/c/158', async p => { await p.click('.why .button.primary'); await p.waitForSelector('.results li'); }],
  ['health', '#/health', async p => { await p.waitForSelector('.charts .bars'); await p.click('.ranked summary >> nth=0'); await p.click('.numbers summary >> nth=0'); }],
  ['alerts', '#/alerts', p => p.waitForSelector('.alert')],
  ['chain', '#/chain', async p => { await p.fill('textarea', broken); await p.click('text=Walk through it'); await p.waitForSelector('.outcome'); }],
  ['problems', '#/chain', async p => { await p.fill('textarea', 'hopss: 1'); await p.click('text=Walk through it'); await p.waitForSelector('.advice'); }],
  ['trace', `#/trace?id=${[...data.ledger(160).values()][154].base.click_id}`, p => p.waitForSelector('.entry')],
  ['nothing found', '#/trace?id=nobody', p => p.waitForSelector('.meaning')],
  ['help', '#/live', async p => { await p.waitForSelector('.list .row'); await p.keyboard.press('?'); await p.waitForSelector('dialog'); }],
  ['login', '#/live', p => p.waitForSelector('.login'), t => { t.stub.open_to_all = false; t.stub.sessions.clear(); }]
];

// What is wider than the window, or drawn beyond it where it can't be scrolled to.
const wide = () => {
  const out = [], w = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > w) out.push(`the page is ${document.documentElement.scrollWidth} wide in ${w}`);
  for (const el of document.querySelectorAll('main *, header *, dialog *, .banner *')) {
    const r = el.getBoundingClientRect();
    if (r.width && r.right > w + 1 && !el.closest('.sr, .list thead, .over, .scroll, .line, textarea, [class*="sr"]') && getComputedStyle(el).position !== 'absolute') out.push(`<${el.tagName} ${el.getAttribute('class')}> ends at ${Math.round(r.right)} of ${w}`);
  }
  return out.slice(0, 4);
};

const prepare = async (t, [, hash, act, before]) => {
  t.stub.banner = data.BANNER;
  t.stub.alerts = data.ALERTS;
  t.stub.mended.add(158);
  t.stub.other.add(155);
  if (before) before(t);
  const page = await t.tab(hash);
  await act(page);
  return page;
};

const SIZES = [['a phone, 360', { width: 360, height: 740 }], ['640, as 1280 at 200 %', { width: 640, height: 400 }], ['1024', { width: 1024, height: 768 }], ['1440', { width: 1440, height: 900 }]];

module.exports = [
  ...VIEWS.map(v => [`${v[0]}: fits, has names and contrast at four widths, light and dark`, async t => {
    const page = await prepare(t, v);
    for (const [name, size] of SIZES) {
      await page.setViewportSize(size);
      await page.evaluate(() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r))));
      t.equal(name, await page.evaluate(wide), []);
      if (size.width === 1024) continue;
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        t.equal(`${name}, ${colorScheme}`, await page.evaluate(audit), []);
      }
    }
  }]),
  ['light and dark follow the system, and the switch goes first', async t => {
    const page = await prepare(t, VIEWS[0]), ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const bar = () => page.evaluate(() => getComputedStyle(document.querySelector('.strip .bars')).fill);
    await page.emulateMedia({ colorScheme: 'light' });
    const light = [await ground(), await bar()];
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = [await ground(), await bar()];
    t.true('both differ', light[0] !== dark[0] && light[1] !== dark[1], JSON.stringify([light, dark]));
    await page.keyboard.press('t');
    t.equal('light by the switch', [await ground(), await bar()], light);
  }],
  ['who wants less motion gets none', async t => {
    const page = await prepare(t, VIEWS[0]);
    t.stub.next({ fate: 'ok' });
    await page.waitForSelector('.fresh');
    t.equal('still', await page.evaluate(() => document.getAnimations().length), 0);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    t.stub.next({ fate: 'ok' });
    await t.until('else a row that is new is marked', () => page.evaluate(() => document.getAnimations().length > 0));
  }],
  ['colours of the charts differ for eyes that see no red or no green', async t => {
    const page = await prepare(t, VIEWS[6]), session = await t.context.newCDPSession(page);
    const colours = names => page.evaluate(list => list.map(n => { const i = document.body.appendChild(document.createElement('i')); i.style.color = `var(--${n})`; const c = getComputedStyle(i).color.match(/[\d.]+/g).slice(0, 3).map(Number); i.remove(); return c; }), names);
    // Viénot, Brettel and Mollon 1999, in linear light.
    const lin = c => c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const see = { deuteranopia: c => { const [r, g, b] = lin(c); return [0.29275 * r + 0.70725 * g, 0.29275 * r + 0.70725 * g, -0.02234 * r + 0.02234 * g + b]; }, protanopia: c => { const [r, g, b] = lin(c); return [0.11238 * r + 0.88762 * g, 0.11238 * r + 0.88762 * g, 0.00401 * r - 0.00401 * g + b]; } };
    const lab = ([r, g, b]) => { const f = x => x > 0.008856 ? Math.cbrt(x) : 7.787 * x + 16 / 116, X = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505), Y = f(0.2126 * r + 0.7152 * g + 0.0722 * b), Z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089); return [116 * Y - 16, 500 * (X - Y), 200 * (Y - Z)]; };
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      for (const names of [['queued', 'duplicate', 'ignored', 'quarantined'], ['delivered', 'waiting', 'dead'], ['p50', 'p95', 'p99']]) {
        const list = await colours(names);
        for (const [eyes, through] of Object.entries(see)) for (let i = 0; i < list.length; i++) for (let j = 0; j < i; j++) {
          const a = lab(through(list[i])), b = lab(through(list[j])), d = Math.hypot(...a.map((v, k) => v - b[k]));
          t.true(`${names[i]} and ${names[j]}, ${colorScheme}, ${eyes}`, d > 15, `a difference of ${d.toFixed(1)}`);
        }
      }
    }
    await session.detach();
  }]
];
