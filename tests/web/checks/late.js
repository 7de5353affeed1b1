// Click ids of trackers without a redirect come some seconds after the page.
'use strict';
const { rest, ttclid, unique } = require('../fixture');

const at = (ms, code) => `<script>setTimeout(() => { ${code} }, ${ms})</script>`;

// The click id comes by code after a while; it must be registered with the ttclid and be handed on.
const comes = (code, click, ms = 600) => async (t, v) => {
  const sub = unique('sub'), where = '/' + unique('late');
  t.fixture.page(where, {
    click, attributes: 'data-decorate="trk.test" data-event="Lead"', head: at(ms, code.replace('@', sub)),
    body: `<a id="a" href="${t.fixture.origin('trk')}/">a</a>`
  });
  const id = ttclid();
  const page = await v.open('lander', `${where}?ttclid=${id}`);
  const visit = await page.evaluate(() => clickbaton.id());
  const row = await t.fixture.click(sub);
  t.equal('registered', [row.ttclid, row.event_id], [id, visit]);
  await page.waitForFunction(s => document.getElementById('a').href.includes('=' + s), sub);
  t.equal('one row, whatever was known first', t.fixture.clicks(`event_id = '${visit}'`).length, 1);
  t.equal('the event_id of the Lead before', v.fired('Lead').map(c => c.id), [visit]);
};

module.exports = [
  ['RedTrack\'s cookie after 3 s', comes('document.cookie = "rtkclickid-store=@;path=/"', 'clickid', 3000)],
  ['RedTrack\'s sessionStorage', comes('sessionStorage.setItem("rtkclickid", "@")', 'clickid')],
  ['RedTrack\'s rtkcid by replaceState', comes('history.replaceState({}, "", location.search + "&rtkcid=@")', 'clickid')],
  ['Keitaro\'s cookie _subid', comes('document.cookie = "_subid=@;path=/"', 'subid')],
  ['Keitaro\'s cookie subid', comes('document.cookie = "subid=@;path=/"', 'subid')],
  ['Voluum\'s dtpCallback', comes('window.dtpCallback = { getClickID: () => "@" }', 'cid')],
  ['Binom\'s bcid', comes('document.cookie = "bcid=@;path=/"', 'clickid')],

  ['a dtpCallback that throws or has nothing yet', comes(
    'let n = 0; window.dtpCallback = { getClickID: () => { if (++n < 3) throw new Error("not yet"); return n < 4 ? "" : "@"; } }', 'cid', 0)],

  ['the cookie of the visit before is not taken for this one\'s', async (t, v) => {
    const old = unique('sub'), fresh = unique('sub');
    t.fixture.page('/stale', { click: 'clickid' });
    const page = await v.context.newPage();
    await v.context.addCookies([{ name: 'rtkclickid-store', value: old, url: t.fixture.origin('lander') }]);
    await v.go(page, 'lander', `/stale?ttclid=${ttclid()}`);
    await t.fixture.click(old);
    const second = ttclid();
    await v.go(page, 'lander', `/stale?ttclid=${second}`);
    await rest(page, 700);
    await page.evaluate(id => { document.cookie = `rtkclickid-store=${id};path=/`; }, fresh);
    t.equal('the new one has the new ttclid', (await t.fixture.click(fresh)).ttclid, second);
    t.true('the old one has not', t.fixture.clicks(`click_id = '${old}'`)[0].ttclid !== second);
  }],

  ['the script stops looking after 15 s', async (t, v) => {
    t.fixture.page('/stops', { click: 'cid', head: '<script>window.n = 0; window.dtpCallback = { getClickID: () => { n++; return ""; } }</script>' });
    const page = await v.context.newPage();
    await page.clock.install();
    await v.go(page, 'lander', `/stops?ttclid=${ttclid()}`, null);
    await page.waitForFunction(() => window.clickbaton);
    await page.clock.runFor(14000);
    const before = await page.evaluate(() => n);
    await page.clock.runFor(60000);
    const after = await page.evaluate(() => n);
    t.true('it looked until then', before > 20, before);
    t.true('and no longer', after <= 32, after);
  }]
];
