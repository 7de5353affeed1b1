// Signal health: every figure against sums made here, from what the stub answered.
'use strict';
const data = require('../data');

const ready = async (t, hash) => { const page = await t.tab(hash); await page.waitForSelector('.charts .bars'); return page; };
const H = 3600;
const now = Math.ceil(data.NOW / 1000 / H) * H;
const answer = (offer, hours = 24, step = H, to = Math.ceil(data.NOW / 1000 / step) * step) => data.health({ offer, since: String(to - hours * H), until: String(to), step });
const sum = (a, name) => a.offers.reduce((n, o) => n + o.points.reduce((m, p) => m + p[name], 0), 0);
const events = (a, name, event) => a.offers.reduce((n, o) => n + o.events.filter(e => !event || e.event === event).reduce((m, e) => m + e.points.reduce((k, p) => k + p[name], 0), 0), 0);
const short = x => x < 10000 ? n(x) : new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 }).format(x);
const n = x => x.toLocaleString('en-US');
const tile = (page, name) => page.$eval(`.tile:has(.name :text-is("${name}"), .name:text-is("${name}"))`, e => e.innerText.replace(/\s+/g, ' '));
const card = title => `.card:has(h2:text-is("${title}"))`;

// The p-th of the values that a histogram stands for: each bucket's spread evenly.  Another way than the page's.
function slow(slots, p) {
  const B = [0, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 900000, 3600000, 21600000, 86400000], all = [];
  slots.forEach((k, i) => { for (let j = 1; j <= k; j++) all.push(B[i] + ((B[i + 1] || B[14]) - B[i]) * j / k); });
  return all[Math.ceil(all.length * p) - 1];
}

module.exports = [
  ['the figures of 24 hours', async t => {
    const page = await ready(t, '#/health'), a = answer();
    const put = events(a, 'put'), delivered = events(a, 'delivered'), dead = events(a, 'dead'), received = sum(a, 'received');
    t.true('postbacks', (await tile(page, 'Postbacks')).startsWith(`Postbacks ${n(received)} `), await tile(page, 'Postbacks'));
    t.true('delivered', (await tile(page, 'Delivered')).includes(`${(100 * delivered / put).toFixed(1)} % ${n(delivered)} of ${n(put)}, ${put - delivered - dead} on the way`), await tile(page, 'Delivered'));
    t.true('refused', (await tile(page, 'Refused by TikTok')).includes(`TikTok ${dead} `), await tile(page, 'Refused by TikTok'));
    const way = text => page.getAttribute(`.tile a:text-is("${text}")`, 'href');
    t.equal('their ways', [await way('Refused by TikTok'), await way('Quarantined')], ['#/live?state=refused&since=24h', '#/live?verdict=quarantined&since=24h']);
    await page.click('.card:has(h2:text-is("TikTok\'s answers")) summary:has-text("40002")');
    t.equal('those of an answer', await page.getAttribute('.card:has(h2:text-is("TikTok\'s answers")) details[open] a.button', 'href'), '#/live?state=refused&since=24h');
    t.true('quarantined', (await tile(page, 'Quarantined')).includes(`${(100 * sum(a, 'quarantined') / received).toFixed(1)} % ${sum(a, 'quarantined')} not understood`), await tile(page, 'Quarantined'));
    const slots = a.offers.flatMap(o => o.events.flatMap(e => e.points)).reduce((s, p) => s.map((v, i) => v + p.latency[i]), new Array(15).fill(0));
    const p50 = slow(slots, 0.5), p95 = slow(slots, 0.95), text = await tile(page, '95 % arrive within');
    t.true('median', Math.abs(Number(/within (\d+) ms/.exec(text)[1]) - p50) < 3, `${text}, ${p50}`);
    t.true('p95', Math.abs(Number(/within ([\d.]+) min/.exec(text)[1]) - p95 / 60000) < 0.06, `${text}, ${p95}`);
    t.true('against the day before', /[▲▼] \d+ %/.test(text + await tile(page, 'Postbacks')));
  }],
  ['asked by the hour for a day and a week, by the day for a month; by offer', async t => {
    const page = await ready(t, '#/health');
    const want = (offer, hours, step) => { const to = Math.ceil(data.NOW / 1000 / step) * step; return JSON.stringify({ since: String(to - hours * H), until: String(to), step: String(step), ...(offer ? { offer } : {}) }); };
    const seen = q => t.until(q, () => t.asked('/api/health').some(a => JSON.stringify(a.query) === q));
    await seen(want('', 24, H));
    await page.click('text=7 d');
    await seen(want('', 168, H));
    await page.click('text=30 d');
    await seen(want('', 720, 86400));
    await page.getByLabel('Offer', { exact: true }).selectOption('loan-pl');
    await seen(want('loan-pl', 720, 86400));
    t.true('the address', page.url().endsWith('#/health?range=30d&offer=loan-pl'), page.url());
    await t.until('its own sum', async () => (await tile(page, 'Postbacks')).includes(short(sum(answer('loan-pl', 720, 86400), 'received'))));
  }],
  ['the table of a chart says the same as its answer, hour by hour', async t => {
    const page = await ready(t, '#/health?offer=nutra-de'), a = answer('nutra-de').offers[0];
    await page.click(`${card('Postbacks by verdict')} summary`);
    const rows = await page.$$eval(`${card('Postbacks by verdict')} tbody tr`, l => l.map(r => [...r.cells].slice(1).map(c => Number(c.textContent))));
    t.equal('numbers', rows, a.points.map(p => [p.queued, p.duplicate, p.ignored, p.quarantined]));
    await page.click(`${card('Value in EUR')} summary`);
    const value = await page.$$eval(`${card('Value in EUR')} tbody td`, l => l.map(c => Number(c.textContent.replace(/[, EUR]/g, ''))));
    const want = a.points.map((_, i) => a.events.reduce((s, e) => s + Number(e.points[i]?.values.EUR || 0), 0));
    t.true('value', value.length === want.length && value.every((v, i) => Math.abs(v - want[i]) < 0.01), JSON.stringify([value.slice(0, 3), want.slice(0, 3)]));
  }],
  ['bars are as high as their numbers', async t => {
    const page = await ready(t, '#/health?offer=vpn-fr'), a = answer('vpn-fr').offers[0];
    const heights = await page.$$eval(`${card('Postbacks by verdict')} .bars`, l => Object.fromEntries(l.map(p => [p.dataset.series, p.getAttribute('d').split('M').slice(1).map(m => { const [, y0] = m.split('h')[0].split(' '); return Number(y0) - Number(/V([\d.]+)/.exec(m)[1]); })])));
    const big = a.points.map((p, i) => [p.queued, heights.queued[i]]);
    const scale = big[0][1] / big[0][0];
    t.true('in proportion', big.every(([v, h]) => Math.abs(h - v * scale) < 0.6), JSON.stringify(big.slice(0, 4)));
    t.equal('one for each hour', heights.queued.length, a.points.length);
    const small = a.points.map(p => p.duplicate).filter(Boolean);
    t.true('those on top too, and what is there at all is a line high', small.every((v, i) => Math.abs(heights.duplicate[i] - Math.max(v * scale, 1.2)) < 0.6), JSON.stringify([small, heights.duplicate]));
  }],
  ['the pointer shows exact numbers, the arrow keys read them aloud', async t => {
    const page = await ready(t, '#/health?offer=nutra-de'), a = answer('nutra-de').offers[0], p = a.points[5];
    const plot = page.locator(`${card('Postbacks by verdict')} .plot`), box = await plot.boundingBox();
    await page.mouse.move(box.x + 46 + (box.width - 52) * 5.5 / 24, box.y + 60);
    const tip = await page.waitForSelector('.tip');
    t.equal('at the pointer', (await tip.innerText()).replace(/\s+/g, ' '), `25 Nov, 22:00 to 23:00 quarantined ${p.quarantined} ignored ${p.ignored} duplicate ${p.duplicate} queued ${p.queued} received ${p.received}`);
    t.true('the others show that hour too', (await page.$eval(`${card('Clicks registered')} .legend`, e => e.innerText)).includes(n(p.clicks)));
    await page.mouse.move(5, 5);
    await plot.focus();
    for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowRight');
    const said = `${card('Postbacks by verdict')} [aria-live]`;
    await t.until('read', async () => (await page.textContent(said)) === `25 Nov, 22:00 to 23:00: queued ${p.queued}, duplicate ${p.duplicate}, ignored ${p.ignored}, quarantined ${p.quarantined}`);
    await page.keyboard.press('Enter');
    await t.until('its hour in the list', () => page.url().includes('since=2026-11-25T21%3A00%3A00.000Z') && page.url().includes('offer=nutra-de'));
  }],
  ['coverage of match keys', async t => {
    const page = await ready(t, '#/health?offer=loan-pl'), a = answer('loan-pl');
    const put = events(a, 'put'), ttclid = a.offers[0].events[0].points.reduce((s, p) => s + p.keys.ttclid, 0);
    t.equal('ttclid', await page.$eval('.meters li:first-child', e => e.innerText.replace(/\s+/g, ' ')), `ttclid ${Math.round(100 * ttclid / put)} %`);
    t.equal('its bar', await page.getAttribute('.meters li:first-child .meter', 'aria-valuenow'), String(Math.round(100 * ttclid / put)));
    t.true('marked as low', await page.isVisible('.meters li:first-child i.low'));
    t.equal('all', await page.$$eval('.meters li', l => l.length), 7);
  }],
  ['reasons, warnings and answers, ranked, with what to do and the way to the list', async t => {
    t.stub.twist = x => ({ ...x, offers: x.offers.map(o => ({ ...o, reasons: o.reasons.slice().reverse() })) });
    const page = await ready(t, '#/health?offer=sweeps-us'), a = answer('sweeps-us').offers[0];
    const list = await page.$$eval(`${card('Reasons')} summary`, l => l.map(x => x.innerText.replace(/\s+/g, ' ').trim()));
    t.equal('ranked', list, a.reasons.slice().sort((x, y) => y.n - x.n).map(r => `${r.code} ${r.title} ${r.verdict} ${n(r.n)}`));
    await page.click(`${card('Reasons')} summary:has-text("Q002")`);
    t.true('what to do', await page.isVisible('text=list the word under a stage of the mapping'));
    await page.click('details[open] >> text=Show them in the list');
    await t.until('the list', () => page.url().endsWith('#/live?offer=sweeps-us&verdict=quarantined&code=Q002&since=24h'));
  }],
  ['one event, and an offer chosen in the table', async t => {
    const page = await ready(t, '#/health');
    await page.getByLabel('Event', { exact: true }).selectOption('Purchase');
    await t.until('its own', async () => (await tile(page, 'Delivered')).includes(`of ${n(events(answer(), 'put', 'Purchase'))}`));
    await page.click('.ranks >> text=nutra-de');
    await t.until('the offer', () => page.url().includes('offer=nutra-de'));
  }],
  ['amounts that a double can not hold, and numbers that are no numbers, break nothing', async t => {
    t.stub.twist = a => { a.offers[0].events[0].points[0].values = { USD: '9223372036854.775807', '<b>': '1' }; a.offers[0].points[0].received = 1e15; delete a.offers[0].points[1].queued; return a; };
    const page = await ready(t, '#/health');
    t.true('shown', (await page.innerText('.tiles')).includes('1000T'), await page.innerText('.tiles'));
    t.equal('no element of it', await page.$('.segments b'), null);
  }],
  ['a month and a quarter are days of UTC, in every time zone', async t => {
    const page = await ready(t, '#/health?range=90d&offer=vpn-fr'), a = answer('vpn-fr', 2160, 86400).offers[0].points, last = a[a.length - 1];
    t.equal('the first of them', [t.asked('/api/health').some(q => q.query.step === '86400' && Number(q.query.until) - Number(q.query.since) === 90 * 86400)], [true]);
    const plot = page.locator(`${card('Postbacks by verdict')} .plot`);
    await plot.focus();
    await page.keyboard.press('End');
    t.true('the last day', (await page.innerText('.tip')).startsWith('26 Nov (UTC)'), await page.innerText('.tip'));
    t.equal('its number', (await page.innerText('.tip .sum em')), n(last.received));
  }, { timezoneId: 'America/Los_Angeles' }],
  ['forty offers, one point, amounts of fifteen digits: nothing is pushed out of the page', async t => {
    t.stub.twist = a => { const o = a.offers[0], point = { ...o.points[0], received: 1e12 + 7, queued: 1e12 + 7, t: a.from }; const e = { ...o.events[0], points: [{ ...o.events[0].points[0], t: a.from, put: 1e12, delivered: 1e12, values: { IDR: '123456789012345.67' } }] };
      return { ...a, offers: Array.from({ length: 40 }, (_, i) => ({ ...o, offer: `an-offer-with-a-long-name-${i}`, points: [point], events: [e] })) }; };
    const page = await ready(t, '#/health');
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      for (const name of ['Value in IDR', 'Postbacks by verdict', 'Delivery latency']) {
        await page.locator(`${card(name)} .plot`).focus();
        await page.keyboard.press('Home');
        await page.waitForSelector('.tip');
        const out = await page.$eval('.tip', e => { const r = e.getBoundingClientRect(), w = document.documentElement.clientWidth; return r.left >= 0 && r.right <= w && e.scrollWidth <= e.clientWidth ? '' : `${r.left} to ${r.right} of ${w}, ${e.scrollWidth} in ${e.clientWidth}`; });
        t.equal(`the tip of ${name} at ${width}`, out, '');
        await page.keyboard.press('End');
      }
      t.equal(`${width}`, await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
    }
    t.equal('all forty', await page.$$eval(`${card('Offers')} tbody tr`, l => l.length), 40);
  }],
  ['more bars than there is room for are thin bars', async t => {
    const page = await t.tab('#/health?range=7d');
    await page.waitForSelector('.charts .bars');
    await page.setViewportSize({ width: 150, height: 400 });
    await page.waitForTimeout(300);
    t.true('each goes to the right', await page.$$eval('.charts .bars', l => l.every(p => !/h--/.test(p.getAttribute('d')))));
  }],
  ['nothing in this time', async t => {
    const page = await t.tab('#/health');
    await page.waitForSelector('text=Nothing in this time');
  }, { stub: { count: 0 } }]
];
