// The keyboard alone.
'use strict';

const at = page => page.evaluate(() => document.activeElement.dataset?.row || document.activeElement.id || document.activeElement.tagName);
const open = async (t, hash) => { const page = await t.tab(hash); await page.waitForSelector('.list .row'); await page.waitForSelector('.is-live'); return page; };

module.exports = [
  ['j, k, Enter, Esc: to a row, into it, and back to it', async t => {
    const page = await open(t);
    for (const k of 'jjjk') await page.keyboard.press(k);
    t.equal('the second row', await at(page), '159');
    t.true('it can be seen', await page.evaluate(() => getComputedStyle(document.activeElement, '::after').outlineStyle === 'solid'));
    await page.keyboard.press('Enter');
    await page.waitForSelector('.conversion');
    t.true('its address', page.url().endsWith('#/c/159'), page.url());
    t.equal('the focus is on its heading', await at(page), 'H1');
    await page.keyboard.press('j');
    await t.until('the older one', () => page.url().endsWith('#/c/158'));
    await page.keyboard.press('k');
    await t.until('the newer one', () => page.url().endsWith('#/c/159'));
    await page.keyboard.press('Escape');
    await page.waitForSelector('.list .row');
    await t.until('the row has the focus', async () => await at(page) === '159');
  }],
  ['back from a conversion the filter is still there', async t => {
    const page = await open(t, '#/live?verdict=queued&offer=nutra-de');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.conversion');
    await page.keyboard.press('Escape');
    await t.until('the filter', () => page.url().endsWith('#/live?verdict=queued&offer=nutra-de'));
  }],
  ['/ searches, Esc leaves the field, keys typed there do nothing else', async t => {
    const page = await open(t);
    await page.keyboard.press('/');
    t.equal('the field', await at(page), 'find');
    await page.keyboard.type('jkp?t');
    t.equal('typed', await page.inputValue('#find'), 'jkp?t');
    t.equal('no help', await page.$('dialog'), null);
    await page.keyboard.press('Escape');
    t.equal('left', await at(page), 'BODY');
  }],
  ['? opens the help, Esc closes it and nothing else', async t => {
    const page = await open(t, '#/live?offer=nutra-de');
    await page.keyboard.press('j');
    const row = await at(page);
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    t.true('its keys', await page.isVisible('dialog >> text=pause the live list'));
    await page.keyboard.press('Escape');
    await t.until('closed', async () => !(await page.$('dialog')));
    t.equal('the focus is where it was', await at(page), row);
    t.true('the view is the same', page.url().endsWith('#/live?offer=nutra-de'));
  }],
  ['g h, g a, g c, g l go to the views', async t => {
    const page = await open(t);
    for (const [k, where] of [['h', 'health'], ['a', 'alerts'], ['c', 'chain'], ['l', 'live']]) {
      await page.keyboard.press('g');
      await page.keyboard.press(k);
      await t.until(where, () => page.url().endsWith('#/' + where));
    }
  }],
  ['p pauses, t changes the colours, and they are kept', async t => {
    const page = await open(t);
    await page.keyboard.press('p');
    await page.waitForSelector('text=Go on');
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.keyboard.press('t');
    t.equal('light', await page.evaluate(() => document.documentElement.dataset.theme), 'light');
    await page.keyboard.press('t');
    t.equal('dark', await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
    t.true('really', light !== await ground(), light);
    await page.reload();
    await page.waitForSelector('.list .row');
    t.equal('kept', await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  }],
  ['the first Tab is the way past everything on top', async t => {
    const page = await open(t);
    await page.keyboard.press('Tab');
    t.equal('the skip link', await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
    const box = await page.locator('.skip').boundingBox();
    t.true('it can be seen', box.y >= 0, JSON.stringify(box));
    await page.keyboard.press('Enter');
    t.equal('in the content', await at(page), 'main');
    t.true('the view is the same', page.url().endsWith('#/live'));
  }],
  ['every control that can be reached shows where the focus is', async t => {
    const page = await open(t);
    const seen = [];
    for (let i = 0; i < 24; i++) {
      await page.keyboard.press('Tab');
      seen.push(await page.evaluate(() => { const e = document.activeElement, s = getComputedStyle(e), a = getComputedStyle(e, '::after'); return e === document.body || s.outlineStyle !== 'none' || a.outlineStyle !== 'none' ? '' : e.outerHTML.slice(0, 80); }));
    }
    t.equal('without a sign', seen.filter(Boolean), []);
  }]
];
