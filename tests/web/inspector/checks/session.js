// Who comes in.
'use strict';
const { PASSWORD, TOKEN } = require('../stub');

const closed = t => { t.stub.open_to_all = false; t.stub.sessions.clear(); };

module.exports = [
  ['the token of the address logs in, and leaves the address and the history', async t => {
    closed(t);
    const page = await t.tab(`#token=${TOKEN}`);
    await page.waitForSelector('.list .row');
    t.equal('told', JSON.parse(t.asked('/api/login')[0].body), { token: TOKEN });
    t.true('gone', !page.url().includes('token'), page.url());
    await page.click('nav >> text=Health');
    await page.goBack();
    t.true('not in the history', !page.url().includes('token'), page.url());
    t.equal('not in the page', await page.evaluate(x => document.documentElement.outerHTML.includes(x) || Object.values({ ...localStorage, ...sessionStorage }).join().includes(x), TOKEN), false);
  }],
  ['an old token: the page says how to come in; a wrong password, then the right one', async t => {
    closed(t);
    const page = await t.tab('#token=old');
    await page.waitForSelector('.login');
    t.true('how', await page.isVisible('.login >> text=clickbaton inspect'));
    t.true('why', await page.isVisible('.login [role=alert] >> text=the password is wrong'));
    await page.fill('input[type=password]', 'guess');
    await page.click('text=Log in');
    await page.waitForSelector('.login >> text=the password is wrong');
    await page.fill('input[type=password]', PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.list .row');
    await page.waitForSelector('.is-live');
  }],
  ['a session that ends while looking', async t => {
    const page = await t.tab();
    await page.waitForSelector('.list .row');
    closed(t);
    t.stub.say('bye', {});
    t.stub.cut();
    await page.waitForSelector('.login');
    t.true('why', await page.isVisible('.login [role=alert] >> text=You are logged out'));
    await page.fill('input[type=password]', PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.list .row');
  }],
  ['a link that was cut in two: the page says so', async t => {
    closed(t);
    const page = await t.tab('#token=%zz%');
    await page.waitForSelector('.login [role=alert]');
  }],
  ['log out', async t => {
    t.stub.open_to_all = false;
    await t.context.addCookies([{ name: 'session', value: 's0', url: t.stub.url }]);
    const page = await t.tab();
    await page.waitForSelector('.list .row');
    await page.keyboard.press('?');
    await page.click('text=Log out');
    await page.waitForSelector('.login');
    t.equal('told', t.asked('/api/logout').map(a => a.type), ['application/json']);
    t.equal('its stream is closed', await t.until('closed', () => t.stub.live.size === 0 && 'yes'), 'yes');
  }],
  ['a server that is not there yet: said, and asked again until it is', async t => {
    const page = await t.tab();
    await page.waitForSelector('.list .row');
    t.stub.down = true;
    await page.evaluate(() => { location.hash = '#/c/155'; });
    await page.waitForSelector('text=It could not be read');
    t.true('why', await page.isVisible('text=The server does not answer'));
    t.stub.down = false;
  }],
  ['without JavaScript: what to do instead', async t => {
    const page = await t.tab('', { clock: false });
    for (const x of ['clickbaton tail', 'clickbaton trace ID', 'clickbaton report']) t.true(x, await page.isVisible(`noscript >> text=${x}`) || (await page.innerText('body')).includes(x));
  }, { javaScriptEnabled: false }],
  ['nothing is loaded but its three files and its answers', async t => {
    const asked = [];
    t.context.on('request', r => asked.push(new URL(r.url()).pathname));
    const page = await t.tab();
    await page.waitForSelector('.strip .bars');
    t.equal('of it', [...new Set(asked.filter(p => !p.startsWith('/api/')))].filter(p => !/^image/.test(p)), ['/', '/inspector.css', '/inspector.js']);
    t.equal('no style or script in the HTML', await page.evaluate(async () => { const html = await (await fetch('/')).text(); return /<style|<script(?! src)|\sstyle=|\son\w+=/.test(html); }), false);
  }]
];
