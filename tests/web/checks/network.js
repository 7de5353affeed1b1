// How a click gets to the server, and what happens when it does not.
'use strict';
const { rest, ttclid, unique, until } = require('../fixture');

const sub = () => unique('sub');
const noBeacon = () => { delete Navigator.prototype.sendBeacon; };
const falseBeacon = () => { Navigator.prototype.sendBeacon = () => false; };
const throwingBeacon = () => { Navigator.prototype.sendBeacon = () => { throw new TypeError('no'); }; };
const quiet = page => rest(page, 700);

const withoutBeacon = how => async (t, v) => {
  t.fixture.page('/fetch', {});
  await v.context.addInitScript(how);
  const click = ttclid(), id = sub();
  const page = await v.open('lander', `/fetch?ttclid=${click}&subid=${id}`);
  t.equal('registered', (await t.fixture.click(id)).ttclid, click);
  t.equal('by fetch', v.sent.map(r => r.type), ['fetch']);
  await v.go(page, 'lander', '/fetch');
  await quiet(page);
  t.equal('and not again: its answer is known', v.sent.length, 1);
};

module.exports = [
  ['a beacon, form-encoded, without a preflight; said again by fetch on the next page, then not', async (t, v) => {
    t.fixture.page('/beacon', {});
    const click = ttclid(), id = sub();
    const page = await v.open('lander', `/beacon?ttclid=${click}&subid=${id}`);
    t.equal('registered', (await t.fixture.click(id)).ttclid, click);
    const first = v.sent[0], headers = await first.request.allHeaders();
    t.equal('one request, a beacon', v.sent.map(r => r.type), ['ping']);
    t.true('form-encoded', headers['content-type'].startsWith('application/x-www-form-urlencoded'), headers['content-type']);
    const body = new URLSearchParams(first.body);
    t.equal('its fields', [...body.keys()], ['ttclid', 'click_id', 'event_id', 'page_url', 'referrer']);
    for (let i = 0; i < 3; i++) {
      await v.go(page, 'lander', '/beacon');
      await quiet(page);
    }
    t.equal('then once by fetch', v.sent.map(r => r.type), ['ping', 'fetch']);
    t.equal('one row', t.fixture.clicks(`click_id = '${id}'`).length, 1);
    t.equal('no complaint of the browser', v.complaints.filter(c => !c.includes('favicon') && !c.includes('404')), []);
  }],

  ['sendBeacon is missing', withoutBeacon(noBeacon)],
  ['sendBeacon says false', withoutBeacon(falseBeacon)],
  ['sendBeacon throws', withoutBeacon(throwingBeacon)],

  ['the network is down: said on the next page', async (t, v) => {
    t.fixture.page('/down', { attributes: 'data-event="Lead"' });
    await v.context.addInitScript(noBeacon);
    await v.context.route('**/click/**', r => r.abort('internetdisconnected'));
    const click = ttclid(), id = sub();
    const page = await v.open('lander', `/down?ttclid=${click}&subid=${id}`);
    await quiet(page);
    t.equal('tried once on this page', v.sent.length, 1);
    t.equal('the pixel is told all the same', v.fired('Lead').length, 1);
    const visit = await page.evaluate(() => clickbaton.id());
    await v.go(page, 'lander', '/down');
    await quiet(page);
    t.equal('not there yet', [v.sent.length, t.fixture.clicks(`click_id = '${id}'`).length], [2, 0]);
    await v.context.unroute('**/click/**');
    await v.go(page, 'lander', '/down');
    const row = await t.fixture.click(id);
    t.equal('there', [row.ttclid, row.event_id], [click, visit]);
    await v.go(page, 'lander', '/down');
    await quiet(page);
    t.equal('and not said again', v.sent.length, 3);
  }],

  ['a beacon that got lost is made good on the next page', async (t, v) => {
    t.fixture.page('/lost', {});
    await v.context.addInitScript(() => { Navigator.prototype.sendBeacon = () => true; });
    const id = sub();
    const page = await v.open('lander', `/lost?subid=${id}`);
    await quiet(page);
    t.equal('lost', t.fixture.clicks(`click_id = '${id}'`).length, 0);
    await v.go(page, 'lander', '/lost');
    await t.fixture.click(id);
  }],

  ['the server refuses: nothing breaks', async (t, v) => {
    t.fixture.page('/refused', { offer: 'no-such-offer', attributes: 'data-event="Lead"' });
    await v.context.addInitScript(noBeacon);
    const page = await v.open('lander', `/refused?subid=${sub()}`);
    await quiet(page);
    t.equal('one try, one Lead', [v.sent.length, v.fired('Lead').length], [1, 1]);
  }],

  ['no fetch and no sendBeacon', async (t, v) => {
    t.fixture.page('/neither', { attributes: 'data-event="Lead"' });
    await v.context.addInitScript(noBeacon);
    await v.context.addInitScript(() => { delete window.fetch; });
    const page = await v.open('lander', `/neither?subid=${sub()}`);
    await quiet(page);
    t.equal('the pixel is told', v.fired('Lead').length, 1);
  }],

  ['nothing is registered for a visitor who has no id', async (t, v) => {
    t.fixture.page('/organic', { attributes: 'data-event="Lead"' });
    const page = await v.open('lander', '/organic');
    await quiet(page);
    t.equal('requests', v.sent.length, 0);
    await v.go(page, 'lander', '/organic');
    t.equal('the pixel has one id for the visit', v.fired('Lead').map(c => c.id), [await page.evaluate(() => clickbaton.id())]);
  }]
];
