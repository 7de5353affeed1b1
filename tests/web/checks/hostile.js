// Pages and links that somebody else has made.
'use strict';
const { rest, unique, until } = require('../fixture');

const XSS = '"><img src=x onerror=alert(1)><script>alert(2)</script>';
const elements = page => page.evaluate(() => [document.images.length, document.scripts.length, document.querySelectorAll('iframe').length]);

module.exports = [
  ['a ttclid of 10,000 characters is ignored, not cut', async (t, v) => {
    t.fixture.page('/long', { attributes: 'data-decorate="trk.test"', body: `<a id="a" href="${t.fixture.origin('trk')}/">a</a>` });
    const sub = unique('sub');
    const page = await v.open('lander', `/long?ttclid=${'E.C.P.'.repeat(1667)}&subid=${sub}`);
    const row = await t.fixture.click(sub);
    t.equal('ttclid', row.ttclid, null);
    await page.waitForFunction(() => document.getElementById('a').href.includes('event_id='));
    t.true('nor is it handed on', !(await page.evaluate(() => document.getElementById('a').href)).includes('ttclid'));
    t.true('nor stored', !(await page.evaluate(() => localStorage.clickbaton)).includes('E.C.P.'));
    const exact = 'a'.repeat(1000), more = unique('sub');
    await v.go(page, 'lander', `/long?ttclid=${exact}&subid=${more}`);
    t.equal('1,000 are taken', (await t.fixture.click(more)).ttclid, exact);
  }],

  ['HTML in ttclid and click id', async (t, v) => {
    const trk = t.fixture.origin('trk'), e = encodeURIComponent;
    t.fixture.page('/html', {
      attributes: 'data-decorate="trk.test" data-event="Lead"',
      body: `<a id="a" href="${trk}/">a</a><form id="f" action="${trk}/"></form>`
    });
    const page = await v.open('lander', `/html?ttclid=${e('E' + XSS)}&subid=${e('s' + XSS)}&event_id=${e('i' + XSS)}`);
    const before = await elements(page);
    await page.waitForFunction(() => document.getElementById('f').elements.length === 3);
    t.equal('handed on as text', await page.evaluate(() => [...new URL(document.getElementById('a').href).searchParams]),
      [['ttclid', 'E' + XSS], ['subid', 's' + XSS], ['event_id', 'i' + XSS]]);
    t.equal('in the form, too', await page.evaluate(() => [...new FormData(document.getElementById('f'))]),
      [['ttclid', 'E' + XSS], ['subid', 's' + XSS], ['event_id', 'i' + XSS]]);
    await page.reload();
    await page.waitForFunction(() => window.clickbaton);
    await rest(page, 300);
    t.equal('no element', [await elements(page), before[0]], [before, 0]);
    const row = t.fixture.clicks(`click_id LIKE 's"><img%'`)[0];
    t.true('the server took it for an id like any other', row && row.ttclid === 'E' + XSS, JSON.stringify(row));
  }],

  ['nothing but rubbish: nothing is registered', async (t, v) => {
    t.fixture.page('/junk', { attributes: 'data-event="Lead"' });
    for (const junk of ['{subid}', '%7Bsubid%7D', '__CLICKID__', '[REPLACE]', 'REPLACE', 'undefined', 'null', '<script>', '%00%0A', '%', '', '%20', 'x'.repeat(1001)])
      await v.open('lander', `/junk?subid=${junk}&ttclid=${junk}`);
    await rest(v.context.pages()[0], 300);
    t.equal('requests', v.sent.map(r => r.body), []);
    t.equal('one Lead of one visit', new Set(v.fired('Lead').map(c => c.id)).size, 1);
  }],

  ['names that are in the way', async (t, v) => {
    t.fixture.page('/clobber', {
      attributes: 'data-decorate="trk.test"', body: `<form id="f" action="${t.fixture.origin('trk')}/"><input name="append"><input name="action"></form>
      <form name="location"></form><img name="cookie"><form name="links"></form><form name="forms"></form>`
    });
    const page = await v.open('lander', `/clobber?subid=${unique('sub')}`, () => window.clickbaton);
    await rest(page, 300);
    await page.click('body');
    t.true('the script lives', await page.evaluate(() => typeof clickbaton.id() === 'string'));
  }],

  ['a sandboxed frame, where cookies and storage throw', async (t, v) => {
    t.fixture.page('/inner', { attributes: 'data-event="Lead"' });
    t.fixture.page('/outer', { script: false, body: '<iframe sandbox="allow-scripts" src="/inner?ttclid=T1"></iframe>' });
    const page = await v.open('lander', '/outer', null);
    await until('the Lead', () => v.fired('Lead').length);
  }]
];
