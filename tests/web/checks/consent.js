// data-consent="wait": nothing is stored, registered, fired or handed on before the visitor has agreed.
'use strict';
const { rest, ttclid, unique, until } = require('../fixture');

const page_of = (t, extra = {}) => t.fixture.page('/asks', {
  offer: 'asks', attributes: 'data-consent="wait" data-event="Lead" data-page-event="ViewContent" data-decorate="trk.test"',
  body: `<a id="a" href="${t.fixture.origin('trk')}/">a</a>`, ...extra
});

async function nothing(t, v, page, when) {
  const state = await v.context.storageState();
  t.equal('stored ' + when, [state.cookies.length, state.origins.length], [0, 0]);
  t.equal('registered and fired ' + when, [v.sent.length, v.calls.length], [0, 0]);
  t.equal('handed on ' + when, await page.evaluate(() => document.getElementById('a').href), t.fixture.origin('trk') + '/');
  t.equal('id() ' + when, await page.evaluate(() => clickbaton.id()), '');
}

async function waiting(t, v, query) {
  const page = await v.open('lander', '/asks' + query, () => window.clickbaton);
  await page.click('#a', { trial: true });
  await page.evaluate(() => { clickbaton.track('Contact'); history.pushState({}, '', location.search); });
  await rest(page, 700);
  await nothing(t, v, page, 'before');
  return page;
}

const agrees = say => async (t, v) => {
  page_of(t);
  const click = ttclid(), sub = unique('sub');
  const page = await waiting(t, v, `?ttclid=${click}&subid=${sub}`);
  await page.evaluate(say);
  const row = await t.fixture.click(sub);
  t.equal('registered with the decision', [row.ttclid, row.consent], [click, '1']);
  await until('the events', () => v.calls.length > 2);
  t.equal('fired what had waited', v.calls.map(c => c.name).sort(), ['Contact', 'Lead', 'ViewContent']);
  await page.waitForFunction(() => document.getElementById('a').href.includes('event_id='));
  await t.fixture.postback(`subid=${sub}&status=lead`, 'asks');
  t.equal('the event is sent', (await t.fixture.delivered(v.fired('Lead')[0].id, 'Lead')).user.ttclid, click);
};

module.exports = [
  ['agreed by clickbaton.consent(true)', agrees(() => clickbaton.consent(true))],
  ['agreed by window.clickbatonConsent', agrees(() => { window.clickbatonConsent = true; })],

  ['refused', async (t, v) => {
    page_of(t);
    const sub = unique('sub');
    const page = await waiting(t, v, `?ttclid=${ttclid()}&subid=${sub}`);
    await page.evaluate(() => { clickbaton.consent(false); clickbaton.track('Lead'); });
    await rest(page, 700);
    await nothing(t, v, page, 'after');
    t.equal('the server would send nothing', await t.fixture.postback(`subid=${sub}&status=lead`, 'asks'), 'ignored');
  }],

  ['what is no clear yes is a no', async (t, v) => {
    page_of(t);
    const page = await waiting(t, v, `?ttclid=${ttclid()}&subid=${unique('sub')}`);
    for (const word of ['denied', 'no', '0', 'false', 2, null, {}])
      await page.evaluate(w => clickbaton.consent(w), word);
    await rest(page, 700);
    await nothing(t, v, page, 'after');
  }],

  ['what no word is, is a no, too', async (t, v) => {
    page_of(t);
    const page = await waiting(t, v, `?ttclid=${ttclid()}&subid=${unique('sub')}`);
    for (const odd of ['Symbol()', 'Object.create(null)', '({ toString() { throw 1 } })']) {
      await page.evaluate(() => clickbaton.consent(true));
      t.true('agreed', await page.evaluate(() => clickbaton.id()));
      await page.evaluate(o => clickbaton.consent(eval(o)), odd);
      t.equal(odd, await page.evaluate(() => [clickbaton.id(), localStorage.length, document.cookie]), ['', 0, '']);
    }
  }],

  ['what is tracked after a refusal is never sent', async (t, v) => {
    page_of(t);
    const page = await waiting(t, v, `?ttclid=${ttclid()}&subid=${unique('sub')}`);
    await page.evaluate(() => { clickbaton.consent(false); clickbaton.track('Purchase', {}, 'p1'); clickbaton.consent(true); });
    await until('the events', () => v.calls.length > 1);
    await rest(page, 700);
    t.equal('fired', v.calls.map(c => c.name).sort(), ['Lead', 'ViewContent']);
  }],

  ['refused while the page was prepared in advance', async (t, v) => {
    t.fixture.page('/before', { attributes: 'data-event="Lead"' });
    await v.context.addInitScript(() => Object.defineProperty(Document.prototype, 'prerendering', { get: () => !window.seen }));
    const page = await v.open('lander', `/before?subid=${unique('sub')}`, () => window.clickbaton);
    await page.evaluate(() => {
      clickbaton.consent(false);
      window.seen = true;
      document.dispatchEvent(new Event('prerenderingchange'));
    });
    await rest(page, 300);
    t.equal('nothing', [v.calls.length, v.sent.length, await page.evaluate(() => clickbaton.id() + document.cookie + localStorage.length)], [0, 0, '0']);
  }],

  ['agreed on the second page, the ttclid was on the first', async (t, v) => {
    page_of(t);
    t.fixture.page('/second', { offer: 'asks', attributes: 'data-consent="wait"', body: '<a id="a" href="/asks">a</a>' });
    const click = ttclid(), sub = unique('sub');
    const page = await waiting(t, v, `?ttclid=${click}&subid=${sub}`);
    await page.evaluate(() => { location.href = '/second'; });
    await page.waitForURL('**/second');
    await page.waitForFunction(() => window.clickbaton);
    await page.evaluate(() => clickbaton.consent(true));
    t.equal('ttclid', (await t.fixture.click(sub)).ttclid, click);
  }],

  ['taken back: what was stored goes, and what is not sent yet is withdrawn', async (t, v) => {
    page_of(t);
    const click = ttclid(), sub = unique('sub');
    const page = await waiting(t, v, `?ttclid=${click}&subid=${sub}`);
    await page.evaluate(() => clickbaton.consent(true));
    await until('the registration', () => v.sent.length);
    t.equal('agreed', (await t.fixture.click(sub)).consent, '1');
    await page.evaluate(() => clickbaton.consent(false));
    const before = v.calls.length;
    await page.evaluate(() => { clickbaton.track('Purchase'); history.pushState({}, '', '/asks/2'); });
    await until('the refusal', async () => (await t.fixture.click(sub)).consent == 'denied');
    await rest(page, 300);
    const state = await v.context.storageState(), row = await t.fixture.click(sub);
    t.equal('stored', [state.cookies.length, state.origins.length], [0, 0]);
    t.equal('fired', v.calls.length, before);
    t.equal('told once', v.sent.filter(s => /consent=denied/.test(s.body)).length, 1);
    t.equal('what the server keeps of the click', [row.ttclid, row.page_url, row.ip, row.user_agent], [click, null, null, null]);
    t.equal('its conversion', await t.fixture.postback(`subid=${sub}&status=lead&consent=1`, 'asks'), 'ignored');
    await page.evaluate(() => clickbaton.consent(true));
    await until('the later yes', async () => (await t.fixture.click(sub)).consent == '1');
    t.equal('and then', await t.fixture.postback(`subid=${sub}&status=lead`, 'asks'), 'queued');
  }],

  ['taken back on a later page, before it was agreed to there', async (t, v) => {
    page_of(t);
    const sub = unique('sub');
    const page = await waiting(t, v, `?ttclid=${ttclid()}&subid=${sub}`);
    await page.evaluate(() => clickbaton.consent(true));
    t.equal('agreed', (await t.fixture.click(sub)).consent, '1');
    await v.go(page, 'lander', '/asks', () => window.clickbaton);
    await page.evaluate(() => clickbaton.consent(false));
    await until('the refusal', async () => (await t.fixture.click(sub)).consent == 'denied');
    const state = await v.context.storageState();
    t.equal('stored', [state.cookies.length, state.origins.length], [0, 0]);
  }],

  ['known at load, without data-consent', async (t, v) => {
    t.fixture.page('/yes', { offer: 'asks', head: '<script>window.clickbatonConsent = true</script>' });
    t.fixture.page('/no', { offer: 'asks', attributes: 'data-event="Lead"', head: '<script>window.clickbatonConsent = false</script>' });
    const sub = unique('sub');
    await v.open('lander', `/yes?subid=${sub}`);
    t.equal('agreed', (await t.fixture.click(sub)).consent, '1');
    const page = await v.open('shop', `/no?subid=${unique('sub')}`, () => window.clickbaton);
    await rest(page, 300);
    t.equal('refused', [v.calls.length, await page.evaluate(() => [localStorage.length, document.cookie])], [0, [0, '']]);
  }]
];
