// Links and forms to the tracker and the offer carry the ids on; all others stay as they are.
'use strict';
const { rest, ttclid, unique, until } = require('../fixture');
const controls = require('../controls');

const HOSTS = 'data-decorate="trk.test shop.test:1"';
const href = (page, id) => page.evaluate(i => document.getElementById(i).href, id);
const fields = (page, id) => page.evaluate(i => [...new FormData(document.getElementById(i))], id);

module.exports = [
  ['listed hosts only, what is there stays, fragments stay', async (t, v) => {
    const trk = t.fixture.origin('trk'), click = ttclid() + '+ä&="', sub = unique('sub');
    t.fixture.page('/links', {
      attributes: HOSTS, body: `
      <a id="plain" href="${trk}/go">a</a> <a id="more" href="${trk}/go?a=1&b=%7Bx%7D%20y#part">b</a>
      <a id="has" href="${trk}/go?ttclid=own&subid=">c</a> <a id="other" href="http://other.test/go?x">d</a>
      <a id="sub" href="http://evil-trk.test/">e</a> <a id="port" href="http://shop.test:1/x">f</a>
      <a id="wrong" href="http://shop.test:2/x">f</a> <a id="here" href="/links">g</a> <a id="mail" href="mailto:x@trk.test">h</a>
      <a id="js" href="javascript:void 0">i</a> <map><area id="area" href="${trk}/area"></map> <a id="bad" href="http://[">j</a>`
    });
    const page = await v.open('lander', `/links?ttclid=${encodeURIComponent(click)}&subid=${sub}`);
    const id = await page.evaluate(() => clickbaton.id()), e = encodeURIComponent;
    const mine = `ttclid=${e(click)}&subid=${sub}&event_id=${id}`;
    await page.waitForFunction(h => document.getElementById('plain').href !== h, trk + '/go');
    for (const [which, want] of [['plain', `${trk}/go?${mine}`], ['more', `${trk}/go?a=1&b=%7Bx%7D%20y&${mine}#part`],
      ['has', `${trk}/go?ttclid=own&subid=&event_id=${id}`], ['other', 'http://other.test/go?x'],
      ['sub', 'http://evil-trk.test/'], ['port', `http://shop.test:1/x?${mine}`], ['wrong', 'http://shop.test:2/x'],
      ['here', t.fixture.origin('lander') + '/links'], ['mail', 'mailto:x@trk.test'], ['js', 'javascript:void 0'],
      ['area', `${trk}/area?${mine}`], ['bad', 'http://[']])
      t.equal(which, await href(page, which), want);
    t.equal('decorate() for the page\'s own scripts', await page.evaluate(u => [clickbaton.decorate(u), clickbaton.decorate('/x')], trk + '/w'),
      [`${trk}/w?${mine}`, '/x']);
  }],

  ['forms', async (t, v) => {
    const trk = t.fixture.origin('trk'), sub = unique('sub');
    t.fixture.page('/forms', {
      attributes: HOSTS, body: `
      <form id="get" action="${trk}/f?lost=1"><input name="q" value="1"></form>
      <form id="post" method="post" action="${trk}/f"><input name="action" value="clobbers"><input name="subid" value="own"></form>
      <form id="other" action="http://other.test/f"></form> <form id="here"></form>`
    });
    const page = await v.open('lander', `/forms?subid=${sub}`);
    await page.waitForFunction(() => document.getElementById('get').elements.length > 1);
    await page.click('body');
    t.equal('GET', await fields(page, 'get'), [['q', '1'], ['subid', sub], ['event_id', sub]]);
    t.equal('POST', await fields(page, 'post'), [['action', 'clobbers'], ['subid', 'own'], ['event_id', sub]]);
    t.equal('another host', await fields(page, 'other'), []);
    t.equal('this host', await fields(page, 'here'), []);
  }],

  ['what is added later, and at the last moment', async (t, v) => {
    const trk = t.fixture.origin('trk'), sub = unique('sub');
    t.fixture.page('/later', { attributes: HOSTS });
    const page = await v.open('lander', `/later?subid=${sub}`);
    const add = id => page.evaluate(([i, u]) => {
      const a = document.createElement('a');
      a.id = i; a.href = u; a.textContent = i;
      document.body.append(a);
    }, [id, trk + '/go']);
    await add('soon');
    await page.waitForFunction(() => document.getElementById('soon').href.includes('event_id='));
    await add('click');
    const asked = page.waitForRequest(r => r.url().startsWith(trk));
    await page.evaluate(() => document.getElementById('click').click());
    t.true('a link clicked at once', (await asked).url().includes(`subid=${sub}&event_id=${sub}`), (await asked).url());
  }],

  ['a form that is sent at once', async (t, v) => {
    const trk = t.fixture.origin('trk'), sub = unique('sub');
    t.fixture.page('/send', { attributes: HOSTS });
    const page = await v.open('lander', `/send?subid=${sub}`);
    const asked = page.waitForRequest(r => r.url().startsWith(trk));
    await page.evaluate(u => {
      const f = document.createElement('form');
      f.action = u;
      document.body.append(f);
      f.requestSubmit();
    }, trk + '/go');
    t.true('its fields', (await asked).url().includes(`subid=${sub}&event_id=${sub}`), (await asked).url());
  }],

  ['an https page hands nothing to http links', async (t, v) => {
    const script = controls.broken() || await (await fetch(`http://127.0.0.1:${t.fixture.serve}/lander.js`)).text();
    const body = `<!doctype html><script src="/lander.js" data-offer="nutra-de" data-click-id="subid" data-decorate="trk.test"></script>
      <a id="safe" href="https://trk.test/go">a</a><a id="open" href="http://trk.test/go">b</a>
      <form id="sent" action="https://trk.test/f"></form><form id="bare" action="http://trk.test/f"></form>`;
    await v.context.route('https://secure.test/**', r => r.fulfill(r.request().url().includes('lander.js')
      ? { contentType: 'text/javascript', body: script } : { contentType: 'text/html', body }));
    const page = await v.context.newPage(), sub = unique('sub');
    await page.goto(`https://secure.test/p?subid=${sub}`);
    await page.waitForFunction(() => document.getElementById('sent').elements.length === 2);
    t.equal('https', await href(page, 'safe'), `https://trk.test/go?subid=${sub}&event_id=${sub}`);
    t.equal('http', [await href(page, 'open'), await fields(page, 'bare')], ['http://trk.test/go', []]);
    t.equal('decorate()', await page.evaluate(() => clickbaton.decorate('http://trk.test/x')), 'http://trk.test/x');
  }],

  ['no formdata event of the page\'s own is fired', async (t, v) => {
    const sub = unique('sub');
    t.fixture.page('/formdata', {
      attributes: HOSTS, body: `<form id="f" action="${t.fixture.origin('trk')}/f"><input name="q"></form>
      <script>window.heard = 0; document.getElementById('f').addEventListener('formdata', () => window.heard++)</script>`
    });
    const page = await v.open('lander', `/formdata?subid=${sub}`);
    await page.waitForFunction(() => document.getElementById('f').elements.length === 3);
    await page.click('[name=q]');
    await rest(page, 600);
    t.equal('heard', await page.evaluate(() => window.heard), 0);
  }],

  ...[['10,000 links: only what is touched is looked at, only listed hosts are parsed', HOSTS], ['no listed host: no link is looked at', '']]
    .map(([name, attributes]) => [name, async (t, v) => {
      const where = attributes ? '/crowd' : '/crowd-bare';
      t.fixture.page(where, {
        attributes, body: `<a id="ours" href="${t.fixture.origin('trk')}/go">a</a>` +
          Array.from({ length: 10000 }, (_, i) => `<a ${i ? '' : 'id="one" '}href="http://other.test/${i}">x</a>`).join(' '),
        head: `<script>window.parsed = window.read = 0;
        const own = Object.getOwnPropertyDescriptor(HTMLAnchorElement.prototype, 'hostname').get;
        Object.defineProperty(HTMLAnchorElement.prototype, 'hostname', { get() { window.read++; return own.call(this); } });
        window.URL = class extends URL { constructor(...a) { super(...a); window.parsed++; } };
        addEventListener('click', e => e.preventDefault())</script>`
      });
      const page = await v.open('lander', `${where}?subid=${unique('sub')}`);
      await rest(page, 1200);
      t.equal('the listed link', (await href(page, 'ours')).includes('event_id='), !!attributes);
      t.true('parsed', await page.evaluate(() => window.parsed) < 100, await page.evaluate(() => window.parsed));
      if (!attributes) t.equal('looked at', await page.evaluate(() => window.read), 0);
      const touched = await page.evaluate(() => {
        const before = window.read;
        for (const type of ['mousedown', 'touchstart', 'click'])
          document.getElementById('one').dispatchEvent(new Event(type, { bubbles: true, cancelable: true }));
        return window.read - before;
      });
      t.true('looked at for a touch', touched < 10, touched);
    }]),

  ['nothing is decorated without data-decorate', async (t, v) => {
    t.fixture.page('/undecorated', { body: `<a id="a" href="${t.fixture.origin('trk')}/go">a</a>` });
    const page = await v.open('lander', `/undecorated?subid=${unique('sub')}`);
    await rest(page, 600);
    await page.hover('#a');
    t.equal('the link', await href(page, 'a'), t.fixture.origin('trk') + '/go');
  }],

  ['the script is blocked: the page works, its links lead where they led', async (t, v) => {
    t.fixture.page('/blocked', {
      attributes: HOSTS, body: `<a id="a" href="${t.fixture.origin('trk')}/?to=${encodeURIComponent(t.fixture.origin('shop') + '/blocked')}">a</a>
      <button id="b" onclick="if (window.clickbaton) clickbaton.track('Lead'); this.textContent = 'done'">b</button>`
    });
    await v.context.route('**/lander.js', r => r.abort());
    const page = await v.context.newPage();
    await page.goto(`${t.fixture.origin('lander')}/blocked?subid=${unique('sub')}`);
    await page.click('#b');
    t.equal('the button', await page.textContent('#b'), 'done');
    await page.click('#a');
    await page.waitForURL('http://shop.test:*/**');
    t.true('undecorated', !page.url().includes('event_id='), page.url());
    t.equal('nothing registered', v.sent.length, 0);
  }]
];
