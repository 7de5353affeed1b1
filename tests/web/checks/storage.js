// What is kept, and what happens when it can't be.
'use strict';
const { rest, ttclid, unique, until } = require('../fixture');

const id = page => page.evaluate(() => clickbaton.id());
const noCookies = () => Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set: () => {} });
const full = () => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
  Object.defineProperty(window, 'localStorage', { get: () => new Proxy({}, { set: () => { throw new DOMException('full', 'QuotaExceededError'); }, get: () => undefined }) }); };

// A visit on one page; the next page must know it, and a Lead must not fire again.
const kept = prepare => async (t, v) => {
  t.fixture.page('/kept', { attributes: 'data-event="Lead"' });
  if (prepare) await v.context.addInitScript(prepare);
  const page = await v.open('lander', `/kept?ttclid=${ttclid()}`);
  const first = await id(page);
  await v.go(page, 'lander', '/kept');
  await rest(page, 100);
  t.equal('the visit is kept', await id(page), first);
  t.equal('one Lead', v.fired('Lead').map(c => c.id), [first]);
};

module.exports = [
  ['with both', kept()],
  ['without cookies: localStorage keeps it', kept(noCookies)],
  ['with a full localStorage: the cookie keeps it', kept(full)],

  ['with neither: the page works, registers and fires', async (t, v) => {
    t.fixture.page('/none', { attributes: 'data-event="Lead"', body: '<button id="b" onclick="this.textContent = 1">b</button>' });
    await v.context.addInitScript(noCookies);
    await v.context.addInitScript(() => {
      for (const s of ['localStorage', 'sessionStorage'])
        Object.defineProperty(window, s, { get: () => { throw new DOMException('no', 'SecurityError'); } });
    });
    const click = ttclid(), sub = unique('sub');
    const page = await v.open('lander', `/none?ttclid=${click}&subid=${sub}`);
    const first = await id(page);
    t.equal('registered', (await t.fixture.click(sub)).event_id, first);
    await page.click('#b');
    await page.evaluate(() => { clickbaton.consent(true); clickbaton.track('Lead'); });
    t.equal('one Lead', v.fired('Lead').map(c => c.id), [first]);
    await page.reload();
    await page.waitForFunction(() => window.clickbaton);
    t.equal('the same event_id after a reload', await id(page), first);
    const only = ttclid();
    await v.go(page, 'lander', `/none?ttclid=${only}`);
    const second = await id(page);
    t.true('without a click id another one, made of the ttclid', /^ev-\w+$/.test(second) && second !== first, second);
    await v.go(page, 'shop', `/none?ttclid=${only}`);
    t.equal('and the same on another host', await id(page), second);
  }],

  ...['{"id":["<img src=x onerror=alert(1)>"],"fired":[],"seen":9e15}', '{"id":"ev-1","fired":"x","seen":9e15}', '"x"', '[null]', '{'].map(what => [
    'localStorage and a cookie that hold rubbish: ' + what, async (t, v) => {
    t.fixture.page('/rubbish', { attributes: 'data-event="Lead"' });
    await v.context.addInitScript(text => {
      if (!location.host || sessionStorage.done) return;
      sessionStorage.done = 1;
      localStorage.clickbaton = text.replace('9e15', Date.now());
      document.cookie = 'clickbaton=%7B%E0%A4%A;path=/';
    }, what);
    const page = await v.open('lander', `/rubbish?ttclid=${ttclid()}`);
    const first = await id(page);
    t.true('a visit of its own', /^ev-\w+$/.test(first), first);
    await v.go(page, 'lander', '/rubbish');
    await rest(page, 100);
    t.equal('which is kept', await id(page), first);
    t.equal('one Lead', v.fired('Lead').length, 1);
  }]),

  ['a long ttclid and many views: the cookie alone keeps them, and the visit after', async (t, v) => {
    t.fixture.page('/size', { attributes: 'data-event="Lead" data-page-event="CompleteRegistration"' });
    await v.context.addInitScript(full);
    const page = await v.open('lander', '/size?ttclid=' + 'E.C.P.aB3_'.repeat(100));
    const first = await id(page);
    await page.evaluate(async () => {
      for (let i = 0; i < 60; i++) {
        history.pushState({}, '', '/size/' + i);
        await new Promise(r => setTimeout(r, 5));
      }
    });
    await until('the views', () => v.fired('CompleteRegistration').length === 61);
    const cookie = (await v.context.storageState()).cookies[0], kept = JSON.parse(decodeURIComponent(cookie.value));
    t.true('its size', cookie.value.length > 3000 && cookie.value.length < 4000, cookie.value.length);
    t.equal('the last view is in it', kept.fired.slice(-1), ['CompleteRegistration ' + v.fired('CompleteRegistration')[60].id]);
    await v.go(page, 'lander', '/size');
    t.equal('the visit goes on', await id(page), first);
    await v.go(page, 'lander', '/size?ttclid=' + 'F.C.P.aB3_'.repeat(100));
    const second = await id(page);
    await v.go(page, 'lander', '/size');
    t.true('a new one is new', second !== first);
    t.equal('and is stored', await id(page), second);
  }],

  ['ids too long for any cookie: the old cookie does not stay', async (t, v) => {
    t.fixture.page('/huge', {});
    await v.context.addInitScript(full);
    const page = await v.open('lander', '/huge?ttclid=' + ttclid());
    const first = await id(page), e = encodeURIComponent;
    await v.go(page, 'lander', `/huge?ttclid=${e('ä'.repeat(1000))}`);
    await v.go(page, 'lander', '/huge');
    t.true('the visit before the last one is not taken up', await id(page) !== first);
  }],

  ['events of the visit before are remembered for its tab, views of the visit before are not', async (t, v) => {
    t.fixture.page('/carry', { attributes: 'data-event="Lead" data-page-event="ViewContent"' });
    const page = await v.open('lander', '/carry?ttclid=' + ttclid());
    const first = await id(page);
    await v.go(page, 'lander', '/carry?ttclid=' + ttclid());
    const second = await id(page);
    await until('the views', () => v.fired('ViewContent').length === 2);
    const view = v.fired('ViewContent')[1].id;
    t.equal('fired', await page.evaluate(() => JSON.parse(localStorage.clickbaton).fired.sort()),
      [`Lead ${first}`, `Lead ${second}`, `ViewContent ${view}`].sort());
  }],

  ['a visit of the future', async (t, v) => {
    t.fixture.page('/future', {});
    const page = await v.open('lander', `/future?ttclid=${ttclid()}`);
    const first = await id(page);
    const ahead = hours => page.evaluate(ms => {
      const s = JSON.parse(localStorage.clickbaton);
      s.seen = Date.now() + ms;
      localStorage.clickbaton = JSON.stringify(s);
      document.cookie = 'clickbaton=;max-age=0;path=/';
    }, hours * 36e5);
    await ahead(20);
    await v.go(page, 'lander', '/future');
    t.equal('a clock that was set back by less than a day', await id(page), first);
    await ahead(26);
    await v.go(page, 'lander', '/future');
    t.true('by more', await id(page) !== first);
  }],

  ['stored ids that no URL could have brought', async (t, v) => {
    t.fixture.page('/planted', {});
    const page = await v.open('lander', '/planted');
    for (const [what, taken] of [[{ ttclid: 'E.C.P.x', click: 'abc' }, true], [{ ttclid: '__CLICKID__' }, false],
      [{ ttclid: 'x'.repeat(1001) }, false], [{ click: 'a\u0000b' }, false], [{ click: '{subid}' }, false]]) {
      await page.evaluate(w => {
        localStorage.clickbaton = JSON.stringify({ id: 'ev-planted', fired: [], seen: Date.now(), ...w });
        document.cookie = 'clickbaton=;max-age=0;path=/';
      }, what);
      await v.go(page, 'lander', '/planted');
      t.equal(JSON.stringify(what).slice(0, 40), await id(page) === 'ev-planted', taken);
    }
  }],

  ['what is stored: one cookie, one entry, 28 days', async (t, v) => {
    t.fixture.page('/stored', {});
    await v.open('lander', `/stored?ttclid=${ttclid()}`);
    const state = await v.context.storageState();
    t.equal('names', [state.cookies.map(c => c.name), state.origins.map(o => o.localStorage.map(e => e.name))],
      [['clickbaton'], [['clickbaton']]]);
    const c = state.cookies[0], days = (c.expires - Date.now() / 1000) / 86400;
    t.true('days', days > 27.9 && days < 28.1, days);
    t.equal('cookie', [c.domain, c.path, c.sameSite], ['lander.test', '/', 'Lax']);
  }],

  ['after 28 days the visit is over', async (t, v) => {
    t.fixture.page('/old', {});
    const page = await v.open('lander', `/old?ttclid=${ttclid()}`);
    const first = await id(page);
    const age = days => page.evaluate(ms => {
      const s = JSON.parse(localStorage.clickbaton);
      s.seen = Date.now() - ms;
      localStorage.clickbaton = JSON.stringify(s);
      document.cookie = 'clickbaton=;max-age=0;path=/';
    }, days * 864e5);
    await age(27);
    await v.go(page, 'lander', '/old');
    t.equal('27 days', await id(page), first);
    await age(29);
    await v.go(page, 'lander', '/old');
    t.true('29 days', await id(page) !== first);
  }]
];
