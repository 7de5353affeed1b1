// The page of `report --html`: under the strictest policy, light, dark, narrow, printed, with hostile values.
'use strict';
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, unique, until } = require('../fixture');

const BINARY = path.resolve(ROOT, process.env.CLICKBATON || 'build/clickbaton');
const HOSTILE = '%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27%3E%3Cimg%20src%3Dx%20onerror%3Dalert(2)%3E%1b%5b31m';

// The page of this fixture's store, at a URL of its own, with the policy as a header as well.
async function open(t, v, options) {
  const { fixture } = t, name = unique('report');
  for (let i = 0; i < 3; i++) await fixture.postback(`subid=${unique('r')}&status=sale&payout=1.5&currency=usd`);
  await fixture.postback(`subid=${unique('r')}&status=${HOSTILE}`);
  const file = path.join(fixture.folder, name + '.html');
  await until('an event in the report', () => {
    const out = execFileSync(BINARY, ['report', '--html', file, '--fail-on', 'never'], { cwd: fixture.folder, encoding: 'utf8' });
    return /nutra-de +\d+ +\d+/.test(out);
  });
  const html = fs.readFileSync(file, 'utf8'), page = await v.context.newPage(), asked = [];
  page.on('request', r => asked.push(r.url()));
  await page.route('**/*', r => r.fulfill({ contentType: 'text/html; charset=utf-8', body: html,
    headers: { 'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'" } }));
  await page.goto(fixture.origin('lander') + '/' + name, { waitUntil: 'load' });
  t.equal('what the page asks for', asked.map(u => new URL(u).pathname), ['/' + name]);
  t.equal('what the console says', v.complaints, []);
  t.equal('scripts and pictures', await page.locator('script, img').count(), 0);
  return page;
}

const fits = page => page.evaluate(() => document.scrollingElement.scrollWidth <= document.documentElement.clientWidth);
// Of the colours that the page has computed: WCAG's contrast of every text with the first background below it.
const pale = page => page.evaluate(() => {
  const rgb = c => (c.match(/[\d.]+/g) || []).map(Number);
  const light = c => c.slice(0, 3).map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const bad = new Set();
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || e.closest('title, desc')) continue;
    const style = getComputedStyle(e), a = light(rgb(e.closest('svg') ? style.fill : style.color)), b = light(ground(e));
    if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) bad.add(e.tagName + '.' + e.getAttribute('class'));
  }
  return [...bad];
});

const looks = async (t, v) => {
  const page = await open(t, v);
  t.equal('texts that are too pale', await pale(page), []);
  t.true('nothing is wider than the window', await fits(page));
  t.equal('words of tables that are broken into lines of a few letters', await page.locator('.scroll td, .scroll th').evaluateAll(l => l.filter(e =>
    e.innerText.length > 5 && e.innerText.length < 60 && !/[^\x20-\x7e]|<script/.test(e.innerText) && e.clientHeight > 5 * parseFloat(getComputedStyle(e).lineHeight)).map(e => e.innerText)), []);
  const sizes = await page.locator('figure svg[role=img]').evaluateAll(l => l.map(e => e.getBoundingClientRect()).map(r => r.width > 100 && r.height > 20));
  t.true('every chart is drawn', sizes.length >= 5 && sizes.every(x => x), sizes);
  t.equal('every picture has a name and a description', await page.locator('figure svg[role=img]').evaluateAll(l => l.filter(e =>
    e.getAttribute('aria-labelledby').split(' ').some(id => !document.getElementById(id))).length), 0);
};

module.exports = [
  ['light, wide', looks, { viewport: { width: 1200, height: 900 }, colorScheme: 'light' }],
  ['dark, as narrow as a phone', looks, { viewport: { width: 360, height: 800 }, colorScheme: 'dark' }],
  ['the numbers of a chart open by the keyboard', async (t, v) => {
    const page = await open(t, v), first = page.locator('details').first();
    await first.locator('summary').focus();
    await page.keyboard.press('Enter');
    t.true('open', await first.evaluate(e => e.open && e.querySelector('table').getBoundingClientRect().height > 20));
  }],
  ['what a postback brought is text', async (t, v) => {
    const page = await open(t, v);
    t.equal('pictures of its own', await page.locator('img').count(), 0);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    t.equal('paper is white', await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(253, 253, 252)');
    t.equal('texts that are too pale', await pale(page), []);
  }]
];
