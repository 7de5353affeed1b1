// Which visit a page belongs to, and where its ids may stand in the URL.
'use strict';
const { rest, ttclid, unique } = require('../fixture');

const id = page => page.evaluate(() => clickbaton.id());

module.exports = [
  ['a new ttclid is a new visit, in each of two tabs', async (t, v) => {
    t.fixture.page('/tabs', { attributes: 'data-event="Lead"' });
    const a = ttclid(), b = ttclid(), subA = unique('sub'), subB = unique('sub');
    const one = await v.open('lander', `/tabs?ttclid=${a}&subid=${subA}`);
    const two = await v.open('lander', `/tabs?ttclid=${b}&subid=${subB}`);
    const idA = await id(one), idB = await id(two);
    t.true('two event_ids', idA !== idB, idA);
    const rowA = await t.fixture.click(subA), rowB = await t.fixture.click(subB);
    t.equal('registered each with its own', [rowA.ttclid, rowA.event_id, rowB.ttclid, rowB.event_id], [a, idA, b, idB]);
    await one.reload();
    await one.waitForFunction(() => window.clickbaton);
    await two.reload();
    await two.waitForFunction(() => window.clickbaton);
    await rest(one, 300);
    t.equal('each tab keeps its own over a reload', [await id(one), await id(two)], [idA, idB]);
    t.equal('a Lead for each visit, none twice', v.fired('Lead').map(c => c.id).sort(), [idA, idB].sort());
  }],

  ['a page without parameters keeps the visit', async (t, v) => {
    t.fixture.page('/keep', {});
    const page = await v.open('lander', `/keep?ttclid=${ttclid()}&subid=${unique('sub')}`);
    const first = await id(page);
    await v.go(page, 'lander', '/keep');
    t.equal('the same', await id(page), first);
    await v.go(page, 'lander', '/keep?utm_source=x');
    t.equal('also with other parameters', await id(page), first);
  }],

  ['a click id alone: the event_id is the one that the server would take', async (t, v) => {
    t.fixture.page('/alone', { attributes: 'data-event="Lead"' });
    const sub = unique('sub');
    const page = await v.open('lander', `/alone?subid=${sub}`);
    t.equal('id', await id(page), sub);
    const next = unique('sub');
    await v.go(page, 'lander', `/alone?subid=${next}`);
    t.equal('another click id is another visit', await id(page), next);
    t.equal('a Lead for each', v.fired('Lead').map(c => c.id), [sub, next]);
  }],

  ['a short click id may be many visitors\'', async (t, v) => {
    t.fixture.page('/short', {});
    const page = await v.open('lander', '/short?subid=blue'), first = await id(page);
    await v.context.clearCookies();
    await page.evaluate(() => localStorage.clear());
    await v.go(page, 'lander', '/short?subid=blue');
    const second = await id(page);
    t.true('each has an event_id of its own', first !== second && first.startsWith('ev-') && second.startsWith('ev-'), first + ' ' + second);
  }],

  ['a second click id soon after does not drop the ttclid', async (t, v) => {
    t.fixture.page('/hop', {});
    const click = ttclid(), second = unique('sub');
    const page = await v.open('lander', `/hop?ttclid=${click}&subid=${unique('sub')}`);
    const first = await id(page);
    await v.go(page, 'lander', `/hop?subid=${second}`);
    t.equal('the visit goes on', await id(page), first);
    t.equal('the second click has the ttclid', (await t.fixture.click(second)).ttclid, click);
    await page.evaluate(() => {
      const s = JSON.parse(localStorage.clickbaton);
      s.seen -= 3600e3;
      localStorage.clickbaton = JSON.stringify(s);
      document.cookie = 'clickbaton=;max-age=0;path=/';
    });
    const late = unique('sub');
    await v.go(page, 'lander', `/hop?subid=${late}`);
    t.equal('an hour later it is a new visit', await id(page), late);
  }],

  ['parameters behind #, a second ? and &amp;', async (t, v) => {
    t.fixture.page('/where', {});
    for (const how of ['#ttclid=T&subid=S', '#/step?ttclid=T&subid=S', '?a=1?ttclid=T&subid=S',
      '?a=1&amp;ttclid=T&amp;subid=S', '?ttclid=__CLICKID__&ttclid=T&subid=%7Bsubid%7D&subid=S', '?ttclid=T#subid=S']) {
      const click = ttclid(), sub = unique('sub');
      await v.open('lander', '/where' + how.replace('=T', '=' + click).replace('=S', '=' + sub));
      t.equal(how, (await t.fixture.click(sub)).ttclid, click);
    }
  }],

  ['an event_id that was handed over is taken', async (t, v) => {
    t.fixture.page('/over', {});
    const sub = unique('sub');
    const page = await v.open('shop', `/over?subid=${sub}&event_id=ev-handed-${sub}`);
    t.equal('id', await id(page), `ev-handed-${sub}`);
    t.equal('registered', (await t.fixture.click(sub)).event_id, `ev-handed-${sub}`);
  }],

  ['the page and the one before it are registered, without the fragment', async (t, v) => {
    t.fixture.page('/from', { body: '<a id="a" href="/to">to</a>' });
    t.fixture.page('/to', {});
    const sub = unique('sub');
    const page = await v.open('lander', '/from', null);
    await page.evaluate(s => { document.getElementById('a').href = `/to?subid=${s}#part`; }, sub);
    await page.click('#a');
    const row = await t.fixture.click(sub);
    t.equal('page_url and referrer', [row.page_url, row.referrer],
      [`${t.fixture.origin('lander')}/to?subid=${sub}`, `${t.fixture.origin('lander')}/from`]);
  }],

  ['the pixel\'s _ttp is registered, also when it comes later', async (t, v) => {
    t.fixture.page('/ttp', { head: '<script>setTimeout(() => { document.cookie = "_ttp=2F7h.tt.1;path=/" }, 700)</script>' });
    const sub = unique('sub');
    await v.open('lander', `/ttp?subid=${sub}`);
    t.equal('ttp', (await t.fixture.click(sub, 'AND ttp IS NOT NULL')).ttp, '2F7h.tt.1');
  }],

  ...['', '--gtm'].map(how => [`what snippet prints ${how}`, async (t, v) => {
    t.fixture.page('/printed' + how, {
      script: false, head: t.fixture.snippet('--event', 'Lead', '--decorate', 'trk.test', ...how.split(' ').filter(Boolean)),
      body: `<a id="a" href="${t.fixture.origin('trk')}/">a</a>`
    });
    const sub = unique('sub'), click = ttclid();
    const page = await v.open('lander', `/printed${how}?_subid=${sub}&ttclid=${click}`);
    t.equal('registered', (await t.fixture.click(sub)).ttclid, click);
    await page.waitForFunction(s => document.getElementById('a').href.includes('subid=' + s), sub);
    t.equal('a Lead', v.fired('Lead').map(c => c.id), [await id(page)]);
  }]),

  ['an injected script that knows no currentScript, and one that is there twice', async (t, v) => {
    t.fixture.page('/gtm', {
      script: false, body: `<script>for (let i = 0; i < 2; i++) {
        const s = document.createElement('script'); s.async = true; s.src = 'http://pb.test:${t.fixture.serve}/lander.js?' + i;
        s.setAttribute('data-offer', 'nutra-de'); s.setAttribute('data-click-id', 'subid'); s.setAttribute('data-event', 'Lead');
        document.head.appendChild(s); }</script>` });
    await v.context.addInitScript(() => Object.defineProperty(Document.prototype, 'currentScript', { get: () => null }));
    const sub = unique('sub');
    const page = await v.open('lander', `/gtm?subid=${sub}`);
    await t.fixture.click(sub);
    await rest(page, 200);
    t.equal('one Lead, one registration', [v.fired('Lead').length, v.sent.length], [1, 1]);
  }]
];
