// What TikTok's pixel is told: each (event, event_id) once, whatever the visitor does.
'use strict';
const { rest, until, ttclid, unique } = require('../fixture');

const id = page => page.evaluate(() => clickbaton.id());
const settle = page => rest(page, 150);

module.exports = [
  ['SPA: a view for each new path, none for a query or twice', async (t, v) => {
    t.fixture.page('/spa', { attributes: 'data-page-event="ViewContent"' });
    const page = await v.open('lander', `/spa?ttclid=${ttclid()}`);
    const paths = () => v.fired('ViewContent').map(c => new URL(c.url).pathname + new URL(c.url).hash);
    await page.evaluate(() => { history.pushState({}, '', '/spa/a'); history.pushState({}, '', '/spa/b'); });
    await settle(page);
    await page.evaluate(() => history.pushState({}, '', '/spa/a'));
    await settle(page);
    await page.evaluate(() => history.replaceState({}, '', '/spa/a?rtkcid=1&step=2'));
    await settle(page);
    t.equal('a path that was left at once is none', paths(), ['/spa', '/spa/b', '/spa/a']);
    await page.evaluate(() => history.back());
    await settle(page);
    await page.evaluate(() => { history.replaceState({}, '', '/spa/c'); });
    await settle(page);
    await page.evaluate(() => { location.hash = '#/route'; });
    await settle(page);
    await page.evaluate(() => { location.hash = '#part'; });
    await settle(page);
    t.equal('and no view twice', paths(), ['/spa', '/spa/b', '/spa/a', '/spa/c', '/spa/c#/route']);
    t.equal('ids of their own', new Set(v.fired('ViewContent').map(c => c.id)).size, 5);
    const visit = await id(page);
    t.true('made of the visit\'s', v.fired('ViewContent').every(c => c.id.startsWith(visit + '.v')));
  }],

  ['SPA: pushState still does and returns what it did', async (t, v) => {
    t.fixture.page('/own', { head: '<script>const was = history.pushState; history.pushState = function () { was.apply(this, arguments); return "mine"; }</script>' });
    const page = await v.open('lander', '/own?subid=' + unique('sub'));
    t.equal('its answer', await page.evaluate(() => history.pushState({ a: 1 }, '', '/own/2')), 'mine');
    t.equal('its state', await page.evaluate(() => [history.state.a, location.pathname]), [1, '/own/2']);
    t.true('its errors reach the page', await page.evaluate(() => { try { history.pushState({}, '', 'http://else.test/'); return false; } catch (e) { return true; } }));
  }],

  ['reload and double click', async (t, v) => {
    t.fixture.page('/twice', {
      attributes: 'data-event="CompleteRegistration" data-page-event="ViewContent"',
      body: '<button id="b" onclick="clickbaton.track(\'Lead\', { value: 10, currency: \'USD\' })">send</button>'
    });
    const page = await v.open('lander', `/twice?ttclid=${ttclid()}`);
    await page.dblclick('#b');
    await page.reload();
    await page.waitForFunction(() => window.clickbaton);
    await page.dblclick('#b');
    await settle(page);
    const visit = await id(page);
    t.equal('each once', v.calls.map(c => c.name).sort(), ['CompleteRegistration', 'Lead', 'ViewContent']);
    t.equal('the id of the visit', v.fired('Lead')[0], { ...v.fired('Lead')[0], id: visit, props: { value: 10, currency: 'USD' } });
  }],

  ['a reload after many views', async (t, v) => {
    t.fixture.page('/many', { attributes: 'data-event="Lead" data-page-event="ViewContent"' });
    const page = await v.open('lander', `/many?ttclid=${ttclid()}`);
    await page.evaluate(async () => {
      for (let i = 0; i < 30; i++) {
        history.pushState({}, '', '/many/' + i);
        await new Promise(r => setTimeout(r, 5));
      }
      document.cookie.includes('clickbaton=') || console.error('the cookie is gone');
      localStorage.clear();
    });
    await settle(page);
    await v.go(page, 'lander', '/many');
    await settle(page);
    t.equal('one Lead', v.fired('Lead').length, 1);
    t.equal('views', v.fired('ViewContent').length, 31);
  }],

  ['a page that is prepared in advance', async (t, v) => {
    t.fixture.page('/prepared', { attributes: 'data-event="Lead"' });
    await v.context.addInitScript(() => Object.defineProperty(Document.prototype, 'prerendering', { get: () => !window.seen }));
    const page = await v.open('lander', `/prepared?subid=${unique('sub')}`, () => window.clickbaton);
    await settle(page);
    t.equal('nothing before it is seen', [v.sent.length, v.calls.length], [0, 0]);
    await page.evaluate(() => { window.seen = 1; document.dispatchEvent(new Event('prerenderingchange')); });
    await until('the Lead', () => v.fired('Lead').length);
  }],

  ['two tabs of one visit', async (t, v) => {
    t.fixture.page('/both', { attributes: 'data-event="Lead"' });
    const where = `/both?ttclid=${ttclid()}`;
    const one = await v.open('lander', where), two = await v.open('lander', where);
    await one.evaluate(() => clickbaton.track('Purchase', {}));
    await two.evaluate(() => clickbaton.track('Purchase', {}));
    await settle(two);
    t.equal('each once', v.calls.map(c => c.name), ['Lead', 'Purchase']);
  }],

  ['back and forward, where the bfcache is not used', async (t, v) => {
    const head = '<script>addEventListener("unload", () => {})</script>';
    t.fixture.page('/one', { attributes: 'data-page-event="ViewContent"', head, body: '<a id="a" href="/two">two</a>' });
    t.fixture.page('/two', { attributes: 'data-event="Lead"', head });
    const page = await v.open('lander', `/one?ttclid=${ttclid()}&subid=${unique('sub')}`);
    const visit = await id(page);
    await page.click('#a');
    await page.waitForURL('**/two');
    await until('the Lead', () => v.fired('Lead').length);
    for (const way of ['back', 'forward', 'back']) {
      await page.evaluate(w => { setTimeout(() => history[w](), 20); window.left = 1; }, way);
      await page.waitForFunction(() => !window.left && window.clickbaton && window.clickbaton.id());
      await settle(page);
      t.equal('the visit, ' + way, await id(page), visit);
    }
    t.equal('each once', v.calls.map(c => c.name), ['ViewContent', 'Lead']);
  }],

  ['bfcache: a page that really came back', async (t, v) => {
    const shown = `<script>addEventListener('pageshow', e => console.debug('TTQ ' +
      JSON.stringify({ n: Math.random(), name: e.persisted ? 'back' : 'shown' })))</script>`;
    t.fixture.page('/cached', { attributes: 'data-event="Lead" data-page-event="ViewContent"', head: shown });
    t.fixture.page('/next', { attributes: 'data-event="Purchase"', head: shown });
    const page = await v.open('lander', `/cached?ttclid=${ttclid()}`);
    const visit = await id(page);
    await page.evaluate(() => { location.href = '/next'; });
    await until('the Purchase', () => v.fired('Purchase').length);
    await page.evaluate(() => { setTimeout(() => history.back(), 50); });
    await until('the page to come back', () => v.fired('back').length);
    await page.evaluate(() => clickbaton.track('Purchase'));
    await settle(page);
    t.equal('the visit', await id(page), visit);
    t.equal('each once', v.calls.map(c => c.name), ['Lead', 'ViewContent', 'shown', 'Purchase', 'shown', 'back']);
  }, { whole: true }],

  ['bfcache: what the network lost before is said again', async (t, v) => {
    t.fixture.page('/offline', { attributes: 'data-event="Lead"' });
    t.fixture.page('/online', { script: false, head: '<script>localStorage.up = 1</script>' });
    await v.context.addInitScript(() => {
      delete Navigator.prototype.sendBeacon;
      const real = window.fetch;
      window.fetch = (...a) => localStorage.up ? real(...a) : Promise.reject(new TypeError('down'));
    });
    const sub = unique('sub'), page = await v.open('lander', `/offline?subid=${sub}`);
    await settle(page);
    await page.evaluate(() => { location.href = '/online'; });
    await page.waitForURL('**/online');
    await page.evaluate(() => { setTimeout(() => history.back(), 50); });
    await t.fixture.click(sub);
    t.equal('one Lead', v.fired('Lead').length, 1);
  }, { whole: true }],

  ['bfcache: a page that comes back alive counts nothing again and learns what happened since', async (t, v) => {
    t.fixture.page('/alive', { attributes: 'data-event="Lead" data-page-event="ViewContent"' });
    const page = await v.open('lander', `/alive?ttclid=${ttclid()}`);
    const visit = await id(page);
    await page.evaluate(() => {
      const s = JSON.parse(localStorage.clickbaton); // what another page of this visit has fired meanwhile
      s.fired.push('Purchase ' + s.id);
      s.seen = Date.now() + 1;
      localStorage.clickbaton = JSON.stringify(s);
      dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
      clickbaton.track('Purchase', {});
    });
    await settle(page);
    t.equal('the visit', await id(page), visit);
    t.equal('calls', v.calls.map(c => c.name).sort(), ['Lead', 'ViewContent']);
  }],

  ['the pixel is not there: the page works, and fires when it comes', async (t, v) => {
    t.fixture.page('/nopixel', { attributes: 'data-event="Lead"', pixel: false });
    const sub = unique('sub');
    const page = await v.open('lander', `/nopixel?ttclid=${ttclid()}&subid=${sub}`);
    const visit = await id(page);
    await t.fixture.click(sub);
    await page.evaluate(() => { window.ttq = []; clickbaton.track('Contact'); });
    await rest(page, 600);
    await page.evaluate(() => { window.ttq.track = (name, p, o) => console.debug('TTQ ' + JSON.stringify({ n: Math.random(), name, id: o.event_id })); });
    await until('both', () => v.calls.length > 1);
    t.equal('ids', v.calls.map(c => [c.name, c.id]), [['Lead', visit], ['Contact', visit]]);
  }],

  ['a pixel that throws harms nothing, and may try again on the next page', async (t, v) => {
    t.fixture.page('/throws', { attributes: 'data-event="Lead"', pixel: false, head: '<script>window.ttq = { track() { throw new Error("no"); } }</script>' });
    t.fixture.page('/calm', { attributes: 'data-event="Lead"' });
    const sub = unique('sub');
    const page = await v.open('lander', `/throws?subid=${sub}`);
    await t.fixture.click(sub);
    await page.evaluate(() => clickbaton.track('Contact'));
    await v.go(page, 'lander', '/calm');
    await until('the Lead', () => v.fired('Lead').length);
    t.equal('its id', v.fired('Lead')[0].id, sub);
  }],

  ['no pixel ever, and a thousand calls: few are kept', async (t, v) => {
    t.fixture.page('/thousand', { pixel: false });
    const page = await v.open('lander', '/thousand?subid=' + unique('sub'));
    await page.evaluate(() => {
      for (let i = 0; i < 1000; i++) clickbaton.track('AddToCart', {}, 'n' + i);
      window.took = 0;
      window.ttq = { track: () => window.took++ };
      clickbaton.track('Lead');
    });
    const took = await page.evaluate(() => window.took);
    t.true('some, not all', took > 20 && took < 200, took);
  }],

  ['track with what has no text throws nothing', async (t, v) => {
    t.fixture.page('/odd', {});
    const page = await v.open('lander', '/odd?subid=' + unique('sub'));
    t.equal('thrown', await page.evaluate(() => {
      const odd = [Symbol('s'), Object.create(null), { toString() { throw new Error('no'); } }, { toJSON() { throw new Error('no'); } }];
      const thrown = [];
      for (const o of odd)
        for (const call of [[o], [o, o, o], ['Lead', o], ['Lead', {}, o], [undefined, null, null], []])
          try { clickbaton.track(...call); clickbaton.decorate(o); } catch (e) { thrown.push(String(e)); }
      return thrown;
    }), []);
    await page.evaluate(() => clickbaton.track('Contact'));
    await settle(page);
    t.equal('and the next call is heard', v.fired('Contact').length, 1);
  }],

  ['several events, and properties that are no JSON', async (t, v) => {
    t.fixture.page('/props', { attributes: 'data-event="Lead Contact" data-props="{nonsense"' });
    const page = await v.open('lander', '/props?subid=' + unique('sub'));
    await settle(page);
    t.equal('both, with none', v.calls.map(c => [c.name, c.props]), [['Lead', {}], ['Contact', {}]]);
  }]
];
