// The search.
'use strict';

module.exports = [
  ['any id leads to its story: click, postbacks, events, tries', async t => {
    const s = t.stub.stories.get(155), page = await t.tab();
    await page.waitForSelector('.is-live');
    await page.fill('#find', `  ${s.base.click_id} `);
    await page.press('#find', 'Enter');
    await page.waitForSelector('.entry >> nth=1');
    t.true('the address', page.url().endsWith(`#/trace?id=${s.base.click_id}`), page.url());
    t.equal('the question', t.asked('/api/trace')[0].query, { id: s.base.click_id });
    const text = (await page.$eval('.entries', e => e.innerText)).replace(/\s+/g, ' ');
    for (const part of ['Click', s.base.click_id, 'Postback lead', 'queued', 'nutra-de', 'delivered Lead', 'HTTP 503', 'upstream connect error', '104 ms · HTTP 200 0 OK', s.base.events[0].attempts[1].request_id])
      t.true(part, text.includes(part), text);
    t.true('how it was found', await page.isVisible('text=found as click id'));
    await page.click('.entry .open');
    await page.waitForSelector('.conversion');
    await page.keyboard.press('Escape');
    await t.until('back in the story', () => page.url().includes('#/trace?id='));
  }],
  ['the hops of a kept simulation, with what came of its ids and without', async t => {
    const s = t.stub.stories.get(155), walk = { at: s.base.at, chain: 'my-chain', live: true, ...require('../walks/broken.json') };
    t.stub.simulated = [walk];
    const page = await t.tab(`#/trace?id=${s.base.click_id}`);
    await page.waitForSelector('.entry >> nth=1');
    const text = async () => (await page.$eval('main', e => e.innerText)).replace(/\s+/g, ' ');
    for (const part of ['Simulated hops', 'The chain my-chain, with real servers: the baton drops at “lander”. H010', 'click_id is lost: this hop', 'Postback lead'])
      t.true(part, (await text()).includes(part), await text());
    t.equal('its hops, the broken one marked', await page.$$eval('.hops > li', l => l.map(x => x.className)), ['', 'broken']);
    await page.click('.entry .open');
    await page.waitForSelector('.conversion .hops .broken');
    const other = await t.tab('#/trace?id=zz9');
    await other.waitForSelector('.hops .broken');
    t.true('an id of a simulation alone is not nothing', !(await other.isVisible('text=Nothing has this id')));
  }],
  ['nothing found: what that means and what to check first, line by line', async t => {
    const page = await t.tab('#/trace?id=zz9');
    await page.waitForSelector('.meaning');
    t.equal('its lines', await page.$$eval('.meaning p', l => l.length), 6);
    t.true('the first check', await page.isVisible("text=1. The tracker's own postback log"));
    t.equal('the field says what was looked for', await page.inputValue('#find'), 'zz9');
  }],
  ['the search view without an id', async t => {
    const page = await t.tab('#/trace');
    await page.waitForSelector('text=Which id?');
    t.equal('nothing is asked', t.asked('/api/trace').length, 0);
  }]
];
