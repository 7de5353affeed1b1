// The page against the real server and its sandbox.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { GUARDS, Stub } = require('../stub');
const { server } = require('../server');
const { harm, HTML, ESCAPES } = require('./hostile').parts;

const real = { real: true };
const chain = name => fs.readFileSync(path.resolve(__dirname, '../../../../examples/chains', name), 'utf8');

async function enter(t) {
  const s = await server(), page = await t.context.newPage();
  await page.goto(s.login());
  await page.waitForSelector('.is-live');
  return { s, page, base: new URL(page.url()).origin + '/' };
}

// Members of an answer, as paths: "rows[].events[].answer.code".
const members = (v, at = '', out = new Set()) => {
  if (Array.isArray(v)) v.forEach(x => members(x, at + '[]', out));
  else if (v && typeof v === 'object') for (const [k, x] of Object.entries(v)) { out.add(`${at}.${k}`); members(x, `${at}.${k}`, out); }
  return out;
};

module.exports = [
  ['as a new user: find the quarantined conversion, read why, mend the mapping, replay, see it delivered, find it again; a reload that fails shows', async t => {
    const { s, page } = await enter(t);
    t.equal('a click', await s.click({ click_id: 'sub-1', ttclid: 'E.C.P.sub1', event_id: 'ev-1', page_url: 'https://lander.example/nutra' }), 204);
    t.equal('queued', (await s.postback({ subid: 'sub-1', status: 'sale', payout: '12.50', currency: 'usd', tid: '1' })).verdict, 'queued');
    t.equal('quarantined', (await s.postback({ subid: 'sub-2', external_id: 'E.C.P.sub2', status: 'geld', payout: '9', currency: 'usd' })).verdict, 'quarantined');
    await page.waitForSelector('.row.v-quarantined:has-text("geld")');
    await page.waitForSelector('.row:has-text("Purchase"):has-text("12.50 USD") .s-delivered');
    await page.getByLabel('Verdict', { exact: true }).selectOption('quarantined');
    await t.until('only those', async () => (await page.$$('.list .row')).length === (await page.$$('.list .row.v-quarantined')).length);
    await page.click('.row:has-text("geld") .open');
    await page.waitForSelector('.why:has-text("no stage of the mapping lists the word \\"geld\\"")');
    t.true('nothing would be sent', await page.isVisible('text=Nothing was sent, and nothing would be now'));
    await s.mend('geld');
    await t.until('translated by the mended mapping', async () => {
      await page.getByRole('button', { name: 'Translate again' }).click();
      return page.waitForSelector('.would', { timeout: 300 }).catch(() => false);
    });
    t.true('what it would be', (await page.innerText('.would')).includes('9.00 USD'));
    await page.click('.why .button.primary');
    await page.waitForSelector('text=What it would do: 1 queued');
    await page.click('dialog .button.primary');
    await page.waitForSelector('text=What came of it: 1 queued');
    await page.click('text=Done');
    await t.until('delivered', async () => { if (await page.$('.event:not(.would) .state.s-delivered')) return true; await page.getByRole('button', { name: 'Translate again' }).click(); await new Promise(r => setTimeout(r, 150)); return false; });
    t.true("TikTok's answer", (await page.innerText('.attempts')).includes('HTTP 200'));
    await page.fill('#find', 'sub-2');
    await page.press('#find', 'Enter');
    await page.waitForSelector('.entry .s-delivered');
    t.equal('the same by the verb', s.trace('sub-2').postbacks.map(p => [p.verdict, p.events.map(e => [e.event, e.state])]), [['queued', [['Purchase', 'delivered']]]]);
    await s.damage();
    await page.waitForSelector('.banner.error:has-text("the last reload failed")');
    await s.mend('geld');
    await t.until('the banner is gone', async () => !(await page.$('.banner')));
  }, real],
  ['what the stub answers has the members that the server answers, and the same headers', async t => {
    const { s, page } = await enter(t), stub = await new Stub('.').open();
    await s.postback({ subid: 'sub-3', external_id: 'E.C.P.sub3', status: 'sale', payout: '3', currency: 'usd' });
    try {
      const ask = (base, p) => page.request.get(base + p).then(async r => [r.status(), await r.json()]);
      const base = new URL(page.url()).origin + '/';
      await t.until('delivered', async () => (await ask(base, 'api/conversions'))[1].rows.some(r => r.click_id === 'sub-3' && r.events[0]?.state === 'delivered'));
      const id = (await ask(base, 'api/conversions'))[1].rows.find(r => r.click_id === 'sub-3').id;
      const story = stub.stories.get(156).base;
      for (const [name, theirs, mine] of [['state', 'api/state', 'api/state'], ['conversions', 'api/conversions', 'api/conversions'], ['conversion', `api/conversion/${id}`, 'api/conversion/156'], ['trace', 'api/trace?id=sub-3', `api/trace?id=${story.click_id}`], ['health', 'api/health', 'api/health'], ['alerts', 'api/alerts', 'api/alerts']]) {
        const [a, b] = [await ask(base, theirs), await ask(stub.url, mine)];
        t.equal(`${name} answers`, [a[0], b[0]], [200, 200]);
        const open = /\.(receivers|courier)\b|\.(fields|keys|values|body|bodies)\b|\.refused\.last|\.refused\.counts|\.banner\[|\.warnings\[\]\.|\.clicks\[\]|\.click\./;
        const have = members(a[1]), want = [...members(b[1])].filter(m => !open.test(m));
        // lists that are empty on this server's side show no members
        const empty = m => { let v = a[1]; for (const part of m.split('.').slice(1)) { const [k, ...l] = part.split('[]'); v = v?.[k]; if (l.length) { if (!v?.length) return true; v = v.find(x => x) ?? null; } if (v === null) return true; } return false; };
        t.equal(`${name}: what the stub has and the server has not`, want.filter(m => !have.has(m) && !empty(m)), []);
      }
      const headers = (await page.request.get(base)).headers();
      for (const [k, v] of Object.entries(GUARDS)) t.equal(k, headers[k.toLowerCase()], v);
    } finally {
      await stub.close();
    }
  }, real],
  ['a hostile postback in every field', async t => {
    const { s, page, base } = await enter(t);
    const evil = HTML + ESCAPES.replace(/[\ud800-\udfff]/g, '');
    const answer = await s.postback({ subid: evil.slice(0, 400), external_id: evil, status: HTML, payout: evil, currency: 'usd', tid: evil, [HTML]: evil, ua: 'x'.repeat(10240), ip: evil });
    t.equal('kept', answer.verdict, 'quarantined');
    for (const [hash, selector] of [['#/live', '.row.v-quarantined:has-text("img src")'], ['#/live?verdict=quarantined', '.list .row'], ['#/health', '.charts']]) {
      await page.goto(base + hash);
      await page.waitForSelector(selector);
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        t.equal(`${hash}, ${width}`, await page.evaluate(harm), []);
      }
    }
    await page.goto(base + '#/live?verdict=quarantined');
    await page.click('.row:has-text("img src") .open');
    await page.waitForSelector('.origin');
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      t.equal(`opened, ${width}`, await page.evaluate(harm), []);
    }
    t.true('as text', (await page.innerText('.kv')).includes('<img src=x onerror=alert(1)>'));
    t.true('whole, when asked for', await page.locator('text=/show all 10,240 characters/').count() > 0);
  }, real],
  ['a chain by the server, and one with mistakes', async t => {
    const { page, base } = await enter(t);
    await page.goto(base + '#/chain');
    await page.fill('textarea', chain('lander-forgets-subid.yaml'));
    await page.click('text=Walk through it');
    await page.waitForSelector('.outcome.bad:has-text("The baton drops at “lander”")');
    await page.fill('textarea', chain('keitaro.yaml'));
    await page.click('text=Walk through it');
    await page.waitForSelector('.outcome.good');
    await page.fill('textarea', 'version: 1\nhopss: []\n');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('text=unknown key "hopss"');
  }, real],
  ['a password, a wrong one, and logging out', async t => {
    const s = await server(), page = await t.context.newPage();
    await page.goto(new URL(s.login()).origin + '/');
    await page.waitForSelector('.login');
    await page.fill('input[type=password]', 'not it');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.login [role=alert]');
    await page.fill('input[type=password]', s.PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.is-live');
    await page.keyboard.press('?');
    await page.click('text=Log out');
    await page.waitForSelector('.login');
    await page.reload();
    await page.waitForSelector('.login');
  }, real]
];
