// The whole way: ad, tracker, pre-lander, tracker, lander, checkout on somebody else's host, thank-you
// page; then the postback, and the event that TikTok would get.
'use strict';
const { until, ttclid } = require('../fixture');

const param = (url, name) => new URL(url).searchParams.get(name);

function pages(t, extra = {}) {
  const f = t.fixture, trk = f.origin('trk'), hosts = 'data-decorate="trk.test shop.test"';
  const here = extra.name;
  f.page(`/${here}/pre`, {
    attributes: `${hosts} data-page-event="ViewContent"`,
    body: `<a id="on" href="${trk}/?_lp=1&to=${encodeURIComponent(f.origin('lander') + `/${here}/offer`)}#top">on</a>`
  });
  f.page(`/${here}/offer`, {
    attributes: `${hosts} data-page-event="ViewContent" data-page-props='{"content_type":"product"}'`,
    body: `<form id="buy" action="${f.origin('shop')}/${here}/checkout"><input name="plan" value="a b"><button id="go">Buy</button></form>`
  });
  // The checkout is a page of a stranger who passes on what came, and has no script of ours.
  f.page(`/${here}/checkout`, {
    script: false,
    body: `<a id="pay">pay</a><script>document.getElementById('pay').href = '/${here}/thanks' + location.search</script>`
  });
  f.page(`/${here}/thanks`, { attributes: `data-event="Lead" data-props='{"value":10,"currency":"USD"}'` });
  return `${trk}/?ttclid=__CLICKID__&to=${encodeURIComponent(f.origin('pre') + `/${here}/pre`)}`;
}

async function walk(t, v, start, click, here) {
  const page = await v.context.newPage(), ids = [];
  const id = async () => ids.push(await page.waitForFunction(() => window.clickbaton && window.clickbaton.id()).then(h => h.jsonValue()));
  await page.goto(start.replace('__CLICKID__', click));
  await id();
  const subid = param(page.url(), 'subid');
  await page.click('#on');
  await page.waitForURL(`**/${here}/offer**`);
  await id();
  await page.click('#go');
  await page.waitForURL(`**/${here}/checkout**`);
  const checkout = page.url();
  await page.click('#pay');
  await page.waitForURL(`**/${here}/thanks**`);
  await id();
  await page.reload();
  await id();
  await page.reload();
  await id();
  return { ids, subid, checkout };
}

module.exports = [
  ['one event_id from the ad to the event that is delivered', async (t, v) => {
    const click = ttclid(), start = pages(t, { name: 'funnel' });
    const { ids, subid, checkout } = await walk(t, v, start, click, 'funnel');
    t.equal('one event_id on every page', [...new Set(ids)].length, 1);
    t.equal('the checkout got ttclid, subid, event_id, and its own field',
      ['ttclid', 'subid', 'event_id', 'plan'].map(n => param(checkout, n)), [click, subid, ids[0], 'a b']);
    const row = await t.fixture.click(subid, 'AND event_id IS NOT NULL');
    t.equal('registered with', [row.ttclid, row.event_id], [click, ids[0]]);
    t.true('the page of the first touch', row.page_url.startsWith(t.fixture.origin('pre') + '/funnel/pre?'), row.page_url);

    t.equal('the browser fired one Lead, two reloads later', v.fired('Lead').map(c => [c.id, c.props]),
      [[ids[0], { value: 10, currency: 'USD' }]]);
    const views = v.fired('ViewContent');
    t.equal('a ViewContent each on two pages', views.length, 2);
    t.true('of their own ids, made of the visit\'s', views[0].id !== views[1].id &&
      views.every(c => c.id.startsWith(ids[0] + '.v')), JSON.stringify(views));
    t.equal('with their properties', views[1].props, { content_type: 'product' });

    t.equal('the postback', await t.fixture.postback(`subid=${subid}&status=lead`), 'queued');
    const event = await t.fixture.delivered(ids[0], 'Lead');
    t.equal('the event has the click\'s ttclid, byte for byte', event.user.ttclid, click);
    t.equal('and the name and id of the browser\'s', [event.event, event.event_id],
      [v.fired('Lead')[0].name, v.fired('Lead')[0].id]);
    t.equal('the postback again', await t.fixture.postback(`subid=${subid}&status=lead`), 'duplicate');
    await t.fixture.postback(`subid=${subid}&status=sale&payout=12.5&currency=usd`);
    t.equal('the sale has the same id', (await t.fixture.delivered(ids[0], 'Purchase')).user.ttclid, click);
  }],

  ['the same with cookies switched off', async (t, v) => {
    const click = ttclid(), start = pages(t, { name: 'bare' });
    await v.context.addInitScript(() => {
      Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set: () => {} });
      Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('no', 'SecurityError'); } });
    });
    const { ids, subid } = await walk(t, v, start, click, 'bare');
    t.equal('one event_id on every page', [...new Set(ids)].length, 1);
    t.true('every Lead has it, so that TikTok takes the repeats for one', v.fired('Lead').every(c => c.id === ids[0]));
    await t.fixture.postback(`subid=${subid}&status=lead`);
    t.equal('ttclid', (await t.fixture.delivered(ids[0], 'Lead')).user.ttclid, click);
  }],

  ['a repeatable event has its transaction in both ids', async (t, v) => {
    const click = ttclid();
    t.fixture.page('/rebill', {});
    const page = await v.open('lander', `/rebill?subid=reb1&ttclid=${click}`);
    await page.evaluate(() => { clickbaton.track('Purchase', { value: 5, currency: 'USD' }, ' tx-7 '); clickbaton.track('Purchase', {}, 'tx-7'); });
    await until('the call', () => v.fired('Purchase').length);
    await t.fixture.click('reb1');
    await t.fixture.postback('subid=reb1&status=rebill&payout=5&currency=usd&tid=tx-7');
    t.equal('one call, and its id', v.fired('Purchase').length, 1);
    t.true('the server\'s event', await t.fixture.delivered(v.fired('Purchase')[0].id, 'Purchase'));
  }]
];
