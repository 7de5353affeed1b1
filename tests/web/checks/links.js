// Links and forms to the tracker and the offer carry the ids on; all others stay as they are.
'use strict';
const { rest, ttclid, unique, until } = require('../fixture');

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
