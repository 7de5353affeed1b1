// A postback with HTML, scripts, terminal escapes and 10 KB in every field: shown as text, the layout stays.
'use strict';
const data = require('../data');

const HTML = '"\'><img src=x onerror=alert(1)><script>alert(2)</script><b class=evil>bold</b><svg onload=alert(3)></svg>&lt;b&gt;{{7*7}}${alert(4)}';
const ESCAPES = '\u001b[31mred\u001b[0m\u0000\u0007\u202egnp.exe\u2066\u200b\ufeff\u0085\r\n' + 'a' + '\u0301'.repeat(60) + '\ud800';
const LONG = 'x'.repeat(10240);
const KINDS = { html: HTML, escapes: ESCAPES, long: LONG, all: (HTML + ESCAPES + LONG).slice(0, 10240) };

// Every text in it, also the names of parameters and members, becomes value.
const spoil = (v, value, keep = /^(at|created|due|verdict|state|id|from|t)$/) => Array.isArray(v) ? v.map(x => spoil(x, value, keep)) : v && typeof v === 'object'
  ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, keep.test(k) && typeof x !== 'object' ? x : spoil(x, value, keep)])) : typeof v === 'string' ? value : v;

function poison(t, value) {
  const story = t.stub.stories.get(155), odd = t.stub.stories.get(158);
  for (const s of [story, odd]) {
    const { id, at, verdict } = s.base;
    s.base = { ...spoil(s.base, value), id, at, verdict, gone: false };
    s.base.params = [[value, value], ['subid', value], ['<b>', value], ...Array.from({ length: 7 }, (_, i) => [`p${i}`, value])];
    s.base.warnings = [{ code: value.slice(0, 200), text: value }, { code: 'W021', text: value }];
    s.base.events.forEach(e => { e.body = { [value]: value, deep: { a: [{ [value]: [value, { x: { y: { z: { q: value } } } }] }] } }; });
    s.click = { ...spoil(s.click, value), at: s.click.at };
    s.body = { ...s.body, [value]: value };
    s.offer = { ...s.offer, name: value, tracker: value };
    s.value = value;
  }
  t.stub.other.add(155);
  t.stub.simulated = [{ ...spoil(require('../walks/broken.json'), value, /^(ttclid|event_id|click_id|verdict)$/), at: data.iso(data.NOW), chain: value, live: true }];
  t.stub.banner = [{ kind: 'reload', level: 'error', text: value, since: data.iso(data.NOW) }];
  t.stub.alerts = { active: [spoil({ ...data.ALERTS.active[0], since: '' }, value)].map(a => ({ ...a, id: 'x', since: data.iso(data.NOW - 1000) })), history: [{ ...spoil(data.ALERTS.history[0], value), since: data.ALERTS.history[0].since, until: data.ALERTS.history[0].until }], receivers: [{ name: value, last_id: 1, delivered: false, text: value }] };
  t.stub.changed = { offers: [{ name: value, tracker: value, pixels: [value], events: [value] }], version: value };
  t.stub.twist = a => ({ ...a, offers: a.offers.map((o, i) => i ? o : { ...o, offer: value, events: o.events.map(e => ({ ...e, event: value })), reasons: o.reasons.map(r => ({ ...r, code: value, title: value })), warnings: [{ code: value, title: value, n: 3 }], answers: [{ code: value, title: value, delivered: 1, again: 1, dead: 1 }] }) });
}

// What only a text that was taken for HTML could have made, or what it did to the layout.
const harm = () => {
  const out = [], main = document.body;
  for (const s of ['img', 'script:not([src="/inspector.js"])', 'iframe', 'object', '.evil', '[onerror]', '[onload]', 'svg:not([viewBox])']) if (main.querySelector(s)) out.push(`an element ${s}`);
  const w = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > w) out.push(`the page is ${document.documentElement.scrollWidth} wide in ${w}`);
  for (const el of document.querySelectorAll('.list .row')) if (el.getBoundingClientRect().height > (w < 700 ? 900 : 60)) out.push(`a row is ${el.getBoundingClientRect().height} high`);
  for (const el of document.querySelectorAll('.top, .figures')) if (el.getBoundingClientRect().height > 170) out.push(`the top is ${el.getBoundingClientRect().height} high`);
  const raw = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b\ufeff]|\u0301{4}/, walk = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
  for (let n; (n = walk.nextNode());) if (raw.test(n.data) && !n.parentElement.closest('textarea,script,noscript')) out.push(`an unseen character in <${n.parentElement.tagName} ${n.parentElement.className}>`);
  for (const el of document.querySelectorAll('[title],[aria-label]')) if (raw.test(el.title + (el.getAttribute('aria-label') || ''))) out.push(`an unseen character in a title of <${el.tagName} ${el.className}>`);
  return [...new Set(out)].slice(0, 6);
};

const VIEWS = [['live', '#/live', '.list .row'], ['conversion', '#/c/155', '.json'], ['quarantined', '#/c/158', '.origin'], ['health', '#/health', '.charts .bars'], ['alerts', '#/alerts', '.alert']];

module.exports = [
  ...Object.entries(KINDS).map(([kind, value]) => [`${kind} in every field of every view`, async t => {
    poison(t, value);
    for (const [view, hash, selector] of VIEWS) {
      const page = await t.tab(hash);
      await page.waitForSelector(selector);
      await page.waitForSelector('.banner');
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        await page.evaluate(() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r))));
        t.equal(`${view}, ${width}`, await page.evaluate(harm), []);
      }
      await page.close();
    }
  }]),
  ['it is all there, as text', async t => {
    poison(t, HTML);
    const page = await t.tab('#/c/155');
    await page.waitForSelector('.json');
    t.equal('a value', await page.$eval('.kv tr:nth-child(2) td', e => e.innerText), HTML);
    t.equal('the body', JSON.parse((await page.$$eval('.json .at', l => l.map(x => x.textContent.replace(/^"(.*)": "(.*)"(,?)$/, (_, k, v, c) => `${JSON.stringify(k)}: ${JSON.stringify(v)}${c}`)).slice(0, 2).join('') + '"x":1}')))[HTML], HTML);
    const live = await t.tab('#/live');
    await live.waitForSelector('[data-row="155"]');
    t.true('in the list', (await live.$eval('[data-row="155"]', a => a.closest('tr').innerText)).includes('<img src=x onerror=alert(1)>'));
  }],
  ['a long value is cut, says how long it is, and opens', async t => {
    poison(t, LONG);
    const page = await t.tab('#/c/155');
    await page.waitForSelector('.json');
    const cell = page.locator('.kv tr:nth-child(2) td').first();
    t.true('cut', (await cell.innerText()).length < 500);
    await cell.locator('text=show all 10,240 characters').click();
    t.true('whole', (await cell.innerText()).startsWith(LONG), (await cell.innerText()).length);
    t.equal('nothing is pushed aside', await page.evaluate(harm), []);
  }],
  ['what can not be seen has a mark that can be read', async t => {
    poison(t, ESCAPES);
    const page = await t.tab('#/c/155');
    await page.waitForSelector('.json');
    const marks = await page.$eval('.kv tr:nth-child(2) td', e => [...e.querySelectorAll('.unseen')].map(x => x.textContent));
    t.equal('marks', marks, ['ESC', 'ESC', 'NUL', 'BEL', 'U+202E', 'U+2066', 'U+200B', 'U+FEFF', 'U+0085', 'CR', 'LF', 'U+0301×60', 'U+D800']);
  }],
  ['a hostile id in the address and in the search', async t => {
    const page = await t.tab(`#/trace?id=${encodeURIComponent(HTML)}`);
    await page.waitForSelector('.meaning');
    t.equal('harmless', await page.evaluate(harm), []);
    t.true('as text', (await page.innerText('h1')).includes('<img src=x'));
    for (const hash of ['#/c/%E0%A4%A', '#/live?offer=%3Cimg%20src=x%3E&since=<b>&until=zz', '#/live?state=%3Cimg%20src=x%20onerror=alert(1)%3E', '#/health?range=constructor&offer=__proto__', '#/nowhere/at?all', '#/__proto__', '#%', '#/c/../../x', '#/c/%E2%80%AE%1B', `#/trace?id=${encodeURIComponent(ESCAPES.toWellFormed())}`]) {
      const other = await t.tab(hash);
      await other.waitForSelector('main h1, main .nothing');
      t.equal(hash, await other.evaluate(harm), []);
      t.true(`${hash}: its title`, !/[\u0000-\u001f\u202a-\u202e]/.test(await other.title()), await other.title());
      await other.close();
    }
  }],
  ['hostile rows on the live stream, and frames that are no JSON', async t => {
    const page = await t.tab();
    await page.waitForSelector('.is-live');
    for (const s of t.stub.live) s.write('event: row\ndata: {broken\n\nevent: state\ndata: nothing\n\nevent: other\ndata: {}\n\n');
    const story = t.stub.next({ fate: 'ok' });
    story.base = { ...spoil(story.base, KINDS.all), id: 161, at: story.base.at, verdict: 'queued' };
    t.stub.say('row', data.row(story));
    await t.until('the row', async () => (await page.$eval('.list .row', r => r.innerText)).includes('<img'));
    t.equal('harmless', await page.evaluate(harm), []);
  }],
  ['a hostile answer of a chain', async t => {
    const walks = require('../walks/broken.json'), kept = JSON.parse(JSON.stringify(walks));
    Object.assign(walks, spoil(walks, KINDS.all), { verdict: 'broken', broken_at: KINDS.all });
    walks.hops.forEach(h => Object.assign(h, { ttclid: 'kept', click_id: 'lost', event_id: '<b class=evil>' }));
    try {
      const page = await t.tab('#/chain');
      await page.fill('textarea', 'start: x # source=tiktok');
      await page.click('text=Walk through it');
      await page.waitForSelector('.outcome');
      t.equal('harmless', await page.evaluate(harm), []);
    } finally {
      Object.assign(walks, kept);
    }
  }]
];

module.exports.parts = { harm, poison, HTML, ESCAPES, KINDS, VIEWS };
