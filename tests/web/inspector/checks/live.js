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
  filter('state', 'TikTok', 'refused', b => b.events.some(e => e.state === 'dead')),
  filter('state', 'TikTok', 'waiting', b => b.events.some(e => e.state === 'waiting')),
  filter('state', 'TikTok', 'delivered', b => b.events.some(e => e.state === 'delivered')),
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
  ['what TikTok did: a row enters and leaves as its event becomes something else', async t => {
    const list = state => [...t.stub.stories.values()].filter(s => s.base.events.some(e => e.state === state)).map(s => s.base.id).reverse();
    const become = (id, state) => { const s = t.stub.stories.get(id); s.base.events[0].state = state; t.stub.say('row', data.row(s)); };
    const page = await t.tab('#/live?state=refused'), other = await t.tab('#/live?state=waiting');
    await ready(page);
    await ready(other);
    const first = list('dead');
    t.equal('at first', [await rows(page), await rows(other)], [first, list('waiting')]);
    become(160, 'dead');
    await t.until('it leaves those on their way', async () => !(await rows(other)).length);
    await t.until('and enters those that are refused, on top', async () => (await rows(page))[0] === 160);
    const between = first[0] - 3;
    t.equal('one that was delivered stands between', [list('dead').includes(between), between > first[1]], [false, true]);
    become(between, 'dead');
    await has(t, page, between);
    t.equal('in its place', await rows(page), list('dead'));
    become(first[0], 'withdrawn');
    await t.until('taken back: it leaves', async () => !(await rows(page)).includes(first[0]));
    t.equal('the others stay', await rows(page), list('dead'));
    t.stub.next({ fate: 'ok' });
    t.stub.next({ fate: 'dead', offer: 'nutra-de' });
    await has(t, page, 162);
    t.equal('what comes and is delivered stays out', await rows(page), list('dead'));
    await page.click('text=Pause');
    become(162, 'waiting');
    t.stub.next({ fate: 'dead', offer: 'nutra-de' });
    await page.waitForSelector('text=1 new postback: show');
    become(159, 'dead');
    await page.waitForSelector('text=2 new postbacks: show');
    t.true('in a pause nothing leaves', (await rows(page)).includes(162));
    await page.click('text=Go on');
    await t.until('then it does', async () => JSON.stringify(await rows(page)) === JSON.stringify(list('dead')));
    await t.until('as do those that came', async () => (await rows(other)).includes(162));
  }],
  ['what TikTok did: replayed or taken back without a try, the list is read anew', async t => {
    for (const id of [40, 80, 120]) t.stub.stories.get(id).base.events = [{ ...t.stub.stories.get(153).base.events[0], id }];
    t.stub.span = 90;
    const page = await t.tab('#/live?state=refused');
    await has(t, page, 80);
    await page.click('text=Older postbacks');
    await has(t, page, 40);
    const before = await rows(page);
    t.stub.stories.get(120).base.events[0].state = 'withdrawn';
    await page.waitForTimeout(1100);
    t.stub.say('state', t.stub.state());
    await t.until('it leaves', async () => !(await rows(page)).includes(120));
    t.equal('the others stay, older pages too', await rows(page), before.filter(id => id !== 120));
    const asked = t.asked('/api/conversions').length;
    t.stub.say('state', t.stub.state());
    await page.waitForTimeout(600);
    t.equal('nothing is asked for when nothing has changed', t.asked('/api/conversions').length, asked);
  }],
  ['what TikTok did: of two events the row shows the one that is meant', async t => {
    const s = t.stub.stories.get(155), e = s.base.events[0];
    s.base.events.push({ ...t.stub.stories.get(153).base.events[0], id: 9001, event: 'Second', state: 'dead' });
    const page = await t.tab('#/live?state=refused'), plain = await t.tab('#/live');
    await has(t, page, 155);
    await ready(plain);
    t.equal('refused: that one', (await cells(page, 155))[5], 'Second+1');
    t.equal('else the first', (await cells(plain, 155))[5], `${e.event}+1`);
  }],
  ['what TikTok did: figures and "look at this first" lead to the list', async t => {
    const page = await t.tab('#/live?offer=nutra-de');
    await ready(page);
    const href = async text => page.getAttribute(`.figures a:has-text("${text}")`, 'href');
    t.equal('the figures', [await href('waiting for TikTok'), await href('refused by TikTok')], ['#/live?offer=nutra-de&state=waiting', '#/live?offer=nutra-de&state=refused']);
    await page.waitForSelector('.pulse.warn li');
    t.equal('what is refused', await page.getAttribute('.pulse li a:has-text("TikTok refused")', 'href'), '#/live?offer=' + (await page.innerText('.pulse li a:has-text("TikTok refused") b')).trim() + '&state=refused&since=24h');
    await page.click('.figures a:has-text("refused by TikTok")');
    const want = [...t.stub.stories.values()].filter(s => s.base.offer === 'nutra-de' && s.base.events.some(e => e.state === 'dead')).map(s => s.base.id).reverse();
    await t.until('those of the offer', async () => JSON.stringify(await rows(page)) === JSON.stringify(want));
    await page.getByLabel('TikTok', { exact: true }).focus();
    await page.keyboard.press('ArrowUp');
    await t.until('by the keyboard', () => page.url().endsWith('state=delivered&offer=nutra-de') || page.url().endsWith('offer=nutra-de&state=delivered'));
    await has(t, page, 155);
    await page.getByLabel('TikTok', { exact: true }).blur();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.json');
    await page.keyboard.press('Escape');
    await t.until('and back to the list as it was', () => page.url().includes('state=delivered'));
  }],
  ['what TikTok did: what to do next stands above those that are refused', async t => {
    const page = await t.tab('#/live?offer=nutra-de&state=refused&since=24h');
    await page.waitForSelector('.todo');
    const ids = [...t.stub.stories.values()].filter(s => s.base.offer === 'nutra-de' && s.base.events.some(e => e.state === 'dead')).map(s => s.base.id).reverse();
    const said = (await page.innerText('.todo')).replace(/\s+/g, ' '), run = 'clickbaton replay --dead --offer nutra-de --since 24h --code 40002 --dry-run';
    t.true('why, and what to do', said.startsWith("40002 PARAM_ERROR: a parameter is wrong 2 of those listed Invalid value for field 'properties.currency' What to do: TikTok does not take it as it is."), said);
    t.equal('the command', await page.innerText('.todo pre'), run);
    await page.click('.todo [aria-label="Copy the command"]');
    await t.until('copied', async () => await page.evaluate(() => navigator.clipboard.readText()) === run);
    await page.click('text=Send these 2 again');
    await page.waitForSelector('dialog .results li');
    await page.click('dialog .button.primary');
    await page.waitForSelector('text=What came of it');
    t.equal('tried, then done', t.asked('/api/replay').map(a => JSON.parse(a.body)), [{ events: ids, dry: true }, { events: ids, dry: false }]);
    const waits = await t.tab('#/live?state=waiting'), all = await t.tab('#/live');
    await waits.waitForSelector('.todo:has-text("by themselves")');
    await ready(all);
    t.equal('nothing of it in the whole list', await all.$('.todo'), null);
  }],
  ['what TikTok did: hostile filters, and a command that can be pasted into a shell', async t => {
    const evil = `x'; touch /tmp/evil; echo "$(id)\``;
    t.stub.stories.get(153).base.offer = evil;
    const page = await t.tab(`#/live?state=refused&offer=${encodeURIComponent(evil)}`);
    await page.waitForSelector('.todo pre');
    const run = await page.innerText('.todo pre'), args = require('node:child_process').execFileSync('sh', ['-c', run.replace('clickbaton', 'printf "%s\\n"')]).toString();
    t.equal('a shell reads it as it is', args, ['replay', '--dead', '--offer', evil, '--code', '40002', '--dry-run', ''].join('\n'));
    t.stub.stories.get(153).base.offer = 'a\u202eb\u001b[2J';
    const unseen = await t.tab(`#/live?state=refused&offer=${encodeURIComponent('a\u202eb\u001b[2J')}`);
    await unseen.waitForSelector('.todo pre');
    t.equal('what can not be seen is not in it', await unseen.innerText('.todo pre'), 'clickbaton replay --dead --code 40002 --dry-run');
    for (const value of ['<img src=x onerror=alert(1)>', '__proto__', 'constructor', 'dead ', 'REFUSED', '\u001b[2J']) {
      const other = await t.tab(`#/live?state=${encodeURIComponent(value)}`);
      await other.waitForSelector('.problem:has-text("`state` is waiting, delivered, refused or withdrawn")');
      t.equal(`no rows for ${JSON.stringify(value)}`, await rows(other), []);
      t.stub.say('row', data.row(t.stub.stories.get(156)));
      await other.waitForTimeout(300);
      t.equal(`nor live ones`, await rows(other), []);
      await other.close();
    }
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
