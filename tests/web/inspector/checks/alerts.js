// Banners, alerts, and what was refused at the door.
'use strict';
const data = require('../data');

module.exports = [
  ['a red banner on every view: reload failed, pixel paused, alert', async t => {
    t.stub.banner = data.BANNER;
    for (const view of ['live', 'health', 'chain', 'c/155', 'trace?id=x']) {
      const page = await t.tab('#/' + view);
      await page.waitForSelector('.banner >> nth=2');
      t.equal(view, await page.$$eval('.banner.error > span:first-of-type', l => l.map(x => x.textContent)), data.BANNER.map(b => b.text));
      t.true('red', await page.$eval('.banner', e => { const [r, g, b] = getComputedStyle(e).backgroundColor.match(/\d+/g).map(Number); return r > 2 * g && r > 2 * b; }));
      await page.close();
    }
  }],
  ['a banner comes and goes with the stream', async t => {
    const page = await t.tab();
    await page.waitForSelector('.is-live');
    t.equal('none', await page.$('.banner'), null);
    t.stub.banner = [data.BANNER[0]];
    t.stub.say('state', t.stub.state());
    await page.waitForSelector('.banner >> text=the last reload failed');
    t.stub.banner = [];
    t.stub.say('state', t.stub.state());
    await t.until('gone', async () => !(await page.$('.banner')));
  }],
  ['what fires, since when, what to do first; what is over and how long it took; who is told', async t => {
    t.stub.alerts = data.ALERTS;
    const page = await t.tab('#/alerts');
    await page.waitForSelector('.alert');
    const text = (await page.innerText('main')).replace(/\s+/g, ' ');
    for (const x of ['A004', '31 % of the postbacks of the last hour', '44 min ago', 'First: open the quarantined conversions', 'nutra-de · Lead', 'A006', '1.6 h', 'loan-pl · Lead', 'telegram has the last message'])
      t.true(x, text.includes(x), text);
    await t.until('counted on top', async () => (await page.textContent('.badge'))?.startsWith('2'));
    await page.click('.alert >> text=nutra-de · Lead');
    await t.until('its health', () => page.url().endsWith('#/health?offer=nutra-de&event=Lead'));
  }],
  ['all quiet', async t => {
    const page = await t.tab('#/alerts');
    await page.waitForSelector('text=All is quiet');
    t.equal('no number on top', await page.$('.badge'), null);
  }],
  ['refused at the door: code, offer, what to do, how often, the last ones', async t => {
    const page = await t.tab('#/alerts');
    await page.waitForSelector('.card:has-text("Refused at the door") tbody tr');
    const rows = await page.$$eval('.card:has(h2:text-is("Refused at the door")) tbody tr'.replace(':has(h2:text-is("Refused at the door"))', ''), l => l.map(r => r.innerText.replace(/\s+/g, ' ').trim()));
    t.equal('rows', rows.slice(0, 3), ['R001 nutra-de the key is wrong or missing: copy the postback URL again: it must carry key= 14', "R002 nutra-fr there is no such offer: the last part of the URL's path must be the name of an offer 3", '– too slow, before anything of it was looked at 2']);
    await page.click('text=The last 2');
    t.true('from where, with what', (await page.innerText('.lasts')).includes('198.51.100.0/24 with key, subid, status, payout'));
  }]
];
