// The live list.
'use strict';
const data = require('../data');

const rows = page => page.$$eval('.list .row', list => list.map(r => r.querySelector('.open').dataset.row).map(Number));
const cells = (page, id) => page.$eval(`[data-row="${id}"]`, a => [...a.closest('tr').cells].map(c => c.innerText.trim().replace(/\s+/g, ' ')));
const ready = page => page.waitForSelector('.is-live').then(() => page.waitForSelector('.list .row, .nothing'));
const has = (t, page, id) => t.until(`row ${id}`, async () => (await rows(page)).includes(id));

const filter = (name, label, value, fits) => [`the filter ${name}: in the address, in the question, in what is shown`, async t => {
  const page = await t.tab();
  await ready(page);
  await page.getByLabel(label, { exact: true }).selectOption(value);
  await t.until('the address', () => page.url().includes(`${name}=${encodeURIComponent(value)}`));
  await t.until('the question', () => t.asked('/api/conversions').some(a => a.query[name] === value));
  const want = [...t.stub.stories.values()].filter(s => fits(s.base)).map(s => s.base.id).reverse().slice(0, 50);
  await t.until('the rows', async () => JSON.stringify(await rows(page)) === JSON.stringify(want)).catch(() => {});
  t.equal('the rows', await rows(page), want);
  const again = await t.tab(new URL(page.url()).hash);
  await ready(again);
  t.equal('the same by the address', await rows(again), want);
  await page.click('text=Clear');
  await t.until('everything', async () => (await rows(page)).length === 50 && (await rows(page))[0] === 160);
}];

module.exports = [
  ['every column, the newest first', async t => {
    const page = await t.tab();
    await ready(page);
    t.equal('the rows', await rows(page), Array.from({ length: 50 }, (_, i) => 160 - i));
    const e = t.stub.stories.get(159).base, x = e.events[0];
    t.equal('a delivered one', await cells(page, 159), ['16:34:59', e.offer, e.tracker, e.stage, 'queued', x.event, `${x.value.toFixed(2)} ${x.currency}`, 'OK', `${Date.parse(x.attempts[0].at) + x.attempts[0].took_ms - Date.parse(x.created)} ms`, e.click_id]);
    t.equal('a quarantined one', (await cells(page, 158)).slice(4, 6), ['quarantined', 'Q002 no stage of the mapping lists the word "confirmed_2"']);
    t.equal('a refused one', (await cells(page, 153))[7], "40002 Invalid value for field 'properties.currency'");
    t.equal('one that waits', (await cells(page, 160)).slice(7, 9), ['on its way', '']);
    t.equal('one that took two tries', (await cells(page, 155)).slice(7, 9), ['OK', '7 s']);
    t.equal('the figures', (await page.$eval('.figures', f => f.innerText)).replace(/\s+/g, ' '), 'since 07:40 160 postbacks 134 queued 15 duplicate 2 ignored 9 quarantined now 1 waiting for TikTok 2 refused by TikTok');
  }],
  filter('offer', 'Offer', 'nutra-de', b => b.offer === 'nutra-de'),
  filter('verdict', 'Verdict', 'duplicate', b => b.verdict === 'duplicate'),
  filter('tracker', 'Tracker', 'binom', b => b.tracker === 'binom'),
  filter('stage', 'Stage', 'sale', b => b.stage === 'sale'),
  filter('code', 'Code', 'Q002', b => b.code === 'Q002'),
  filter('since', 'Time', '15m', b => Date.parse(b.at) >= data.NOW - 15 * 60e3),
  ['two filters at once, and back in the history', async t => {
    const page = await t.tab();
    await ready(page);
    await page.getByLabel('Offer', { exact: true }).selectOption('sweeps-us');
    await page.getByLabel('Verdict', { exact: true }).selectOption('quarantined');
    const want = [...t.stub.stories.values()].filter(s => s.base.offer === 'sweeps-us' && s.base.verdict === 'quarantined').map(s => s.base.id).reverse();
    await t.until('both', async () => JSON.stringify(await rows(page)) === JSON.stringify(want));
    await page.goBack();
    await t.until('one of them', async () => (await rows(page)).length > want.length && (await page.getByLabel('Offer', { exact: true }).inputValue()) === 'sweeps-us');
    t.equal('the verdict is open', await page.getByLabel('Verdict', { exact: true }).inputValue(), '');
  }],
  ['older pages to the end', async t => {
    const page = await t.tab();
    await ready(page);
    for (const n of [100, 150, 160]) {
      await page.click('text=Older postbacks');
      await t.until(`${n} rows`, async () => (await rows(page)).length === n);
    }
    t.equal('all of them', await rows(page), Array.from({ length: 160 }, (_, i) => 160 - i));
    t.true('and it says so', await page.isVisible('text=That is all that is stored'));
  }],
  ['a row comes in on top, and what does not fit the filter stays out', async t => {
    const page = await t.tab(), other = await t.tab('#/live?offer=loan-pl');
    await ready(page);
    await ready(other);
    t.stub.next({ offer: 'nutra-de', fate: 'ok' });
    t.stub.next({ offer: 'loan-pl', fate: 'ok' });
    await has(t, page, 162);
    await has(t, other, 162);
    t.equal('in turn', (await rows(page)).slice(0, 3), [162, 161, 160]);
    t.equal('filtered', (await rows(other)).includes(161), false);
  }],
  ['an event that changes is changed in its place', async t => {
    const page = await t.tab();
    await ready(page);
    const story = t.stub.stories.get(160), e = story.base.events[0];
    e.state = 'delivered';
    e.attempts.push({ at: data.iso(Date.parse(e.created) + 10), took_ms: 90, http_status: 200, code: 0, message: 'OK', request_id: '1' });
    t.stub.say('row', data.row(story));
    await t.until('OK', async () => (await cells(page, 160))[7] === 'OK');
    t.equal('its latency', (await cells(page, 160))[8], '100 ms');
    t.equal('in its place', (await rows(page)).slice(0, 2), [160, 159]);
  }],
  ['pause holds rows back and counts them; going on shows them', async t => {
    const page = await t.tab();
    await ready(page);
    await page.click('text=Pause');
    t.stub.next({ fate: 'ok' });
    t.stub.next({ fate: 'ok' });
    await page.waitForSelector('text=2 new postbacks: show');
    t.equal('held', (await rows(page))[0], 160);
    await page.click('text=Go on');
    await has(t, page, 162);
    t.equal('the note is gone', await page.$('.held'), null);
  }],
  ['who reads further down is not pushed away', async t => {
    const page = await t.tab();
    await ready(page);
    await page.evaluate(() => window.scrollTo(0, 500));
    t.stub.next({ fate: 'ok' });
    await page.waitForSelector('text=1 new postback: show');
    t.equal('held', (await rows(page))[0], 160);
    await page.click('.held');
    await has(t, page, 161);
    t.equal('on top', await page.evaluate(() => window.scrollY), 0);
  }],
  ['the stream is cut: said, tried again, and what was missed is there', async t => {
    const page = await t.tab();
    await ready(page);
    t.equal('no banner', await page.$('.banner'), null);
    t.stub.down = true;
    t.stub.cut();
    await page.waitForSelector('.banner.error:has-text("the live stream is cut")');
    t.true('in the corner too', await page.isVisible('.is-cut:has-text("stream cut")'));
    t.stub.stories.set(161, data.postback(161, data.NOW + 1, data.random(5), { fate: 'ok' }));
    t.stub.down = false;
    await has(t, page, 161);
    await page.waitForSelector('.is-live');
    t.equal('the banner is gone', await page.$('.banner'), null);
  }],
  ['too much to follow: the list is read anew', async t => {
    const page = await t.tab();
    await ready(page);
    for (let id = 161; id <= 300; id++) t.stub.stories.set(id, data.postback(id, data.NOW + id, data.random(id), { fate: 'ok' }));
    t.stub.say('skipped', {});
    await has(t, page, 300);
    t.equal('the newest fifty', await rows(page), Array.from({ length: 50 }, (_, i) => 300 - i));
  }],
  ['the server says good-bye: not asked at once, then again', async t => {
    const page = await t.tab();
    await ready(page);
    t.stub.say('bye', {});
    t.stub.cut();
    await page.waitForSelector('.is-cut');
    await page.waitForSelector('.is-live');
    t.stub.next({ fate: 'ok' });
    await has(t, page, 161);
  }],
  ['two tabs, and one of them closed', async t => {
    const one = await t.tab(), two = await t.tab();
    await ready(one);
    await ready(two);
    t.stub.next({ fate: 'ok' });
    await has(t, one, 161);
    await has(t, two, 161);
    await one.close();
    t.stub.next({ fate: 'ok' });
    await has(t, two, 162);
    t.equal('one stream is left', t.stub.live.size, 1);
  }],
  ['a flood of rows: no more than six hundred are kept, in order, and no hole behind them', async t => {
    const page = await t.tab();
    await ready(page);
    for (let i = 0; i < 900; i++) t.stub.next({ fate: 'ok', offer: 'nutra-de' });
    await has(t, page, 1060);
    const list = await rows(page);
    t.equal('as many', list.length, 600);
    t.equal('in order', list.every((id, i) => !i || id < list[i - 1]), true);
    await page.getByRole('button', { name: 'Older postbacks' }).click();
    await has(t, page, 411);
    t.equal('no hole', await rows(page), Array.from({ length: 650 }, (_, i) => 1060 - i));
    await page.evaluate(() => window.scrollTo(0, 900));
    t.stub.say('row', { ...data.row(t.stub.stories.get(1060)), reason: 'told again' });
    t.stub.next({ fate: 'ok' });
    await page.waitForSelector('text=1 new postback: show');
    t.equal('what the reader has asked for stays', (await rows(page)).length, 650);
  }],
  ['who pauses or reads is held in a flood, and what waits has a bound', async t => {
    const page = await t.tab();
    await ready(page);
    await page.click('text=Pause');
    for (const n of [350, 700]) {
      for (let i = 0; i < 350; i++) t.stub.next({ fate: 'ok', offer: 'nutra-de' });
      await page.waitForSelector(`text=${n} new postbacks: show`);
    }
    await page.click('text=Go on');
    await has(t, page, 860);
    t.equal('more than are kept: read anew', (await rows(page)).length, 50);
    await page.click('text=Pause');
    t.stub.next({ fate: 'ok' });
    await page.waitForSelector('text=1 new postback: show');
    const asked = t.asked('/api/conversions').length;
    t.stub.say('skipped', {});
    await page.waitForSelector('.held:has-text("more than")');
    await new Promise(r => setTimeout(r, 600));
    t.equal('the list is as it was', (await rows(page)).slice(0, 2), [860, 859]);
    t.equal('nothing was asked for', t.asked('/api/conversions').length, asked);
    await page.click('text=Go on');
    await has(t, page, 861);
    t.equal('read anew, in order', await rows(page), Array.from({ length: 50 }, (_, i) => 861 - i));
    await page.evaluate(() => window.scrollTo(0, 500));
    for (let i = 0; i < 3; i++) t.stub.next({ fate: 'ok' });
    await page.waitForSelector('text=3 new postbacks: show');
    await page.evaluate(() => window.scrollTo(0, 0));
    await has(t, page, 864);
    t.equal('back on top it goes on by itself', [(await rows(page)).slice(0, 4), await page.$('.held')], [[864, 863, 862, 861], null]);
  }],
  ['in a flood the list is read anew once a second, not at every skip', async t => {
    const page = await t.tab();
    await ready(page);
    const before = t.asked('/api/conversions').length;
    for (let i = 0; i < 12; i++) {
      t.stub.stories.set(200 + i, data.postback(200 + i, data.NOW + i, data.random(i), { fate: 'ok' }));
      t.stub.say('skipped', {});
      await new Promise(r => setTimeout(r, 150));
    }
    await has(t, page, 211);
    const times = t.asked('/api/conversions').length - before;
    t.true('as often', times >= 1 && times <= 4, times);
  }],
  ['a filter that hardly anything fits: looked for further back, and kept in a flood', async t => {
    t.stub.span = 20;
    const rare = [...t.stub.stories.values()].filter(s => s.base.code === 'Q002' && s.base.id < 120).map(s => s.base.id);
    t.true('there is one, far back', rare.length > 0);
    const page = await t.tab('#/live?code=Q002&until=' + data.iso(Date.parse(t.stub.stories.get(120).base.at)));
    await has(t, page, Math.max(...rare));
    const all = await t.tab('#/live?code=Q015');
    await all.waitForSelector('text=Nothing fits these filters');
    const kept = await t.tab('#/live?code=Q002');
    await has(t, kept, 158);
    const before = await rows(kept);
    for (let id = 161; id <= 200; id++) t.stub.stories.set(id, data.postback(id, data.NOW + id, data.random(id), { fate: 'ok' }));
    await kept.waitForTimeout(1100);
    t.stub.say('skipped', {});
    await t.until('asked', () => t.asked('/api/conversions').filter(q => q.query.code === 'Q002' && !q.query.until).length > 1);
    await kept.waitForTimeout(400);
    t.equal('what stands there stays', await rows(kept), before);
  }],
  ['healthy, or what is wrong stands first, each with its way', async t => {
    t.stub.twist = a => ({ ...a, offers: a.offers.filter(o => o.offer === 'vpn-fr').map(o => ({ ...o, points: o.points.map(p => ({ ...p, quarantined: 0 })), events: o.events.map(e => ({ ...e, points: e.points.map(p => ({ ...p, dead: 0, delivered: p.put, latency: p.latency.map((v, i) => i < 5 ? v : 0) })) })) })) });
    const page = await t.tab(), say = () => page.innerText('.pulse');
    await page.waitForSelector('.pulse.good');
    t.true('healthy', /^The signal is healthy\. \d+ postbacks in the last 24 hours, all understood\. TikTok has (\d+) of \1 events, half of them within \d+ ms\.$/.test(await say()), await say());
    t.stub.twist = a => ({ ...a, offers: a.offers.filter(o => o.offer === 'sweeps-us').map(o => ({ ...o, points: o.points.map(p => ({ ...p, received: 10, quarantined: 3 })), events: [], reasons: [{ code: 'Q002', verdict: 'quarantined', title: 'unknown status word', n: 72 }] })) });
    await page.reload();
    await page.waitForSelector('.pulse.warn');
    t.equal('what is wrong stands first', (await say()).replace(/\s+/g, ' '), 'Look at this first in the last 24 hours sweeps-us 72 of 240 postbacks not understood (30.0 %), Q002 unknown status word');
    t.equal('its way', await page.getAttribute('.pulse li a', 'href'), '#/live?offer=sweeps-us&verdict=quarantined&since=24h');
    t.stub.twist = a => ({ ...a, offers: [] });
    t.stub.banner = data.BANNER.slice(0, 1);
    await page.reload();
    await page.waitForSelector('.pulse.bad:has-text("the notice on top")');
  }],
  ['a bar of the last 24 hours opens its hour', async t => {
    const page = await t.tab();
    await ready(page);
    await page.waitForSelector('.strip .bars');
    const box = await page.locator('.strip svg').boundingBox();
    await page.mouse.click(box.x + box.width * (23.5 / 24), box.y + 30);
    await t.until('its hour', () => page.url().includes('since=2026-11-26T15%3A00%3A00.000Z&until=2026-11-26T16%3A00%3A00.000Z'));
    const want = [...t.stub.stories.values()].filter(s => s.base.at >= '2026-11-26T15:00').map(s => s.base.id).reverse().slice(0, 50);
    await t.until('its rows', async () => JSON.stringify(await rows(page)) === JSON.stringify(want));
  }],
  ['an empty ledger says what to do', async t => {
    const page = await t.tab();
    await page.waitForSelector('text=No postback yet');
    t.true('where the URL is', await page.isVisible('text=clickbaton urls OFFER'));
    t.stub.next({ fate: 'ok' });
    await has(t, page, 1);
  }, { stub: { count: 0 } }],
  ['a refusal of the server is shown with its sentence, and tried again', async t => {
    t.stub.refuse = 'the store is busy: try again';
    const page = await t.tab();
    await page.waitForSelector('.problem:has-text("the store is busy")');
    t.stub.refuse = null;
    await page.getByRole('button', { name: 'Try again' }).click();
    await has(t, page, 160);
    t.equal('the sentence is gone', await page.$('.problem'), null);
  }]
];
