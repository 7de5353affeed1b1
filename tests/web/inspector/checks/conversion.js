// One conversion opened.
'use strict';
const data = require('../data');

const open = async (t, id) => { const page = await t.tab(`#/c/${id}`); await page.waitForSelector('.way'); return page; };
const words = (page, where) => page.$eval(where, e => e.innerText.replace(/\s+/g, ' '));
const clipboard = page => page.evaluate(() => navigator.clipboard.readText());

module.exports = [
  ['what came, the click, where each field comes from, what was sent and answered', async t => {
    const page = await open(t, 155), s = t.stub.stories.get(155), b = s.base;
    const params = await page.$$eval('.columns > div:nth-child(1) .card:nth-child(1) tr', l => l.map(r => [r.cells[0].querySelector('.line').textContent, r.cells[1].innerText]));
    t.equal('parameters in their order', params, b.params);
    t.true('which field a parameter feeds', (await words(page, 'tr:has-text("external_id")')).includes('ttclid'));
    const click = await words(page, '.card:has(h2:text-is("Click"))');
    for (const x of [s.click.ttclid, s.click.page_url, s.click.user_agent, 'granted']) t.true(`the click's ${x.slice(0, 20)}`, click.includes(x), click);
    const origin = await page.$$eval('.origin li', l => l.map(x => x.innerText.replace(/\s+/g, ' ')));
    t.true('read', origin.includes('payout 24.04 parameter payout · keitaro.yaml:19'.replace('· ', '')) || origin.some(x => /^payout 24\.04 parameter payout .*keitaro\.yaml:19$/.test(x)), JSON.stringify(origin.slice(0, 9)));
    t.true('put', origin.some(x => x.startsWith('user.external_id') && x.includes('{click_id}: trimmed, SHA-256')));
    const tries = await page.$$eval('.attempts li', l => l.map(x => x.innerText.replace(/\s+/g, ' ').trim()));
    t.equal('the tries', tries, ['16:32:23 5 s HTTP 503 upstream connect error', `16:32:30 104 ms HTTP 200 0 OK ${b.events[0].attempts[1].request_id}`]);
    t.equal('the way', (await words(page, '.way')), 'Click 26 Nov 2026, 16:12:43 with ttclid +19 min Postback 26 Nov 2026, 16:32:23 queued +2 ms Lead 26 Nov 2026, 16:32:23 24.04 EUR +7 s TikTok 26 Nov 2026, 16:32:30 OK at try 2');
    t.equal('the body', JSON.parse((await page.$$eval('.json > div', l => l.map(x => x.textContent).join('\n')))), b.events[0].body);
    t.true('the same now', await page.isVisible('text=The current mapping makes exactly the same of it'));
  }],
  ['what the current mapping makes otherwise is marked, line by line', async t => {
    t.stub.other.add(155);
    const page = await open(t, 155), b = t.stub.stories.get(155).base.events[0].body;
    await page.waitForSelector('text=Against the current mapping: 4');
    const marked = await page.$$eval('.json .gone, .json .new', l => l.map(x => x.innerText.replace(/\s+/g, ' ').trim()));
    t.equal('the marks', marked, [`− "email": "${b.user.email}",`, `− "value": 24.04,`, '+ "value": 19.23,', `− "price": 24.04`, '+ "price": 19.23', '+ "description": "net of costs"'].map(x => x.replace('− "value": 24.04,', '− "value": 24.04,')));
    await page.click('text=Body sent');
    t.equal('none in the body sent', await page.$$eval('.json .gone, .json .new', l => l.length), 0);
  }],
  ['copied as curl, as a test, the body, the lines that a word needs', async t => {
    const page = await open(t, 155), a = data.conversion(t.stub.stories.get(155));
    await page.click('text=Copy as curl');
    await t.until('the curl command', async () => await clipboard(page) === a.curl);
    await page.waitForSelector('.toast:has-text("The curl command is in the clipboard")');
    await page.click('text=Copy as a mapping test');
    await t.until('the test', async () => await clipboard(page) === a.test);
    await page.getByLabel('Copy the body').click();
    await t.until('the body', async () => (await clipboard(page)).startsWith('{') && JSON.parse(await clipboard(page)).event === 'Lead');
    await page.getByLabel('Copy ttclid').first().click();
    await t.until('an id, whole', async () => await clipboard(page) === a.postbacks[0].ttclid);
    const stuck = await open(t, 158);
    await stuck.getByLabel('Copy the lines').click();
    await t.until('the lines that a word needs', async () => await clipboard(stuck) === 'stages:\n  sale: [confirmed_2]\n');
  }],
  ['quarantined: why, what to do; mended: translated again, tried, replayed, delivered', async t => {
    const page = await open(t, 158);
    const why = await words(page, '.why');
    for (const x of ['Q002 unknown status word', 'no stage of the mapping lists the word "confirmed_2"', 'What to do: list the word under a stage of the mapping', 'The mapping in force now says the same']) t.true(x, why.includes(x), why);
    t.true('how it is reloaded', why.includes('systemctl reload clickbaton') && why.includes('kill -HUP $(cat data/lock)'), why);
    t.equal('the lines to add', await page.$eval('.why .lines', e => e.innerText), 'stages:\n  sale: [confirmed_2]');
    t.equal('nothing would be sent', await page.$('.would'), null);
    t.stub.mended.add(158);
    await page.click('text=Translate again');
    await page.waitForSelector('.would');
    t.equal('asked anew', t.asked('/api/conversion/158').length, 2);
    t.true('what it would be', (await words(page, '.why')).includes('Mended: the mapping in force now makes CompleteRegistration'));
    await page.click('.why .button.primary');
    await page.waitForSelector('dialog .results li');
    t.equal('tried first', t.asked('/api/replay').map(a => [JSON.parse(a.body), a.type]), [[{ postbacks: [158], dry: true }, 'application/json']]);
    t.true('what it would do', (await words(page, 'dialog')).includes('What it would do: 1 queued'));
    await page.click('dialog .button.primary');
    await page.waitForSelector('text=What came of it: 1 queued');
    t.equal('then done', JSON.parse(t.asked('/api/replay')[1].body), { postbacks: [158], dry: false });
    await page.click('text=Done');
    await page.waitForSelector('.event:not(.would) .s-delivered');
    t.true('no replay any more', await page.locator('.head >> text=Replay…').isDisabled());
  }],
  ['a word that YAML would read otherwise is written in quotes', async t => {
    for (const [word, line] of [['yes', '"yes"'], ['a: b]', '"a: b]"'], ['12', '"12"'], ['Null', '"Null"'], ['sale"x', '"sale\\"x"'], ['ok-2', 'ok-2']]) {
      t.stub.stories.get(158).base.params[2][1] = word;
      const page = await open(t, 158);
      t.equal(word, await page.$eval('.why .lines', e => e.innerText), `stages:\n  sale: [${line}]`);
      await page.close();
    }
  }],
  ['what was replayed is told, with nothing left to do', async t => {
    t.stub.stories.get(155).base.warnings = [{ code: 'Q002', text: 'was its verdict until 2026-11-26T16:31:41Z, when it was replayed: no stage' }];
    const page = await open(t, 155), why = await words(page, '.why');
    t.equal('words', why, 'Q002 unknown status word was its verdict until 2026-11-26T16:31:41Z, when it was replayed: no stage');
    await page.goto(t.stub.url + `#/trace?id=${t.stub.stories.get(155).base.click_id}`);
    await page.waitForSelector('.entries .sent');
    t.true('in its story too', (await words(page, '.entries')).includes('Q002 was its verdict until'), await words(page, '.entries'));
  }],
  ['a replay that is called off changes nothing', async t => {
    t.stub.mended.add(158);
    const page = await open(t, 158);
    await page.click('.head >> text=Replay…');
    await page.waitForSelector('dialog .results li');
    await page.click('text=Cancel');
    await t.until('closed', async () => !(await page.$('dialog')));
    t.equal('only tried', t.asked('/api/replay').map(a => JSON.parse(a.body).dry), [true]);
    t.equal('as it was', t.stub.stories.get(158).base.verdict, 'quarantined');
  }],
  ['what would stay quarantined is said before; what somebody else replayed is left alone', async t => {
    const page = await open(t, 158);
    await page.click('.head >> text=Replay…');
    await page.waitForSelector('dialog >> text=What it would do: 1 quarantined');
    await page.click('dialog >> text=Cancel');
    t.stub.stories.get(158).base.verdict = 'queued';
    await page.click('.head >> text=Replay…');
    await page.waitForSelector('dialog >> text=left alone: it is not quarantined any more');
    t.true('nothing to do', await page.locator('dialog .button.primary').isDisabled());
  }],
  ['all quarantined of the list at once', async t => {
    const page = await t.tab('#/live?verdict=quarantined'), ids = [...t.stub.stories.values()].filter(s => s.base.verdict === 'quarantined').map(s => s.base.id).reverse();
    ids.slice(0, 2).forEach(i => t.stub.mended.add(i));
    await page.click(`text=Replay these ${ids.length}`);
    await page.waitForSelector('dialog .results li');
    t.equal('asked', JSON.parse(t.asked('/api/replay')[0].body), { postbacks: ids, dry: true });
    t.true('the sum', (await words(page, 'dialog h3')).includes(`What it would do: 2 queued, ${ids.length - 2} quarantined`), await words(page, 'dialog h3'));
  }],
  ['refused by TikTok: the answer, and sent again', async t => {
    const page = await open(t, 153);
    t.true('the answer', (await words(page, '.attempts')).includes("40002 Invalid value for field 'properties.currency'"));
    await page.click('text=Send again…');
    await page.waitForSelector('dialog .results li');
    await page.click('dialog .button.primary');
    await page.waitForSelector('text=What came of it');
    t.equal('tried, then done', t.asked('/api/replay').map(a => JSON.parse(a.body)), [{ events: [153], dry: true }, { events: [153], dry: false }]);
  }],
  ['a row that is gone, and one that never was a number', async t => {
    for (const id of ['99999', 'x%3Cb%3E']) {
      const page = await t.tab(`#/c/${id}`);
      await page.waitForSelector('text=There is no such row');
      await page.getByRole('link', { name: 'Back', exact: true }).click();
      await page.waitForSelector('.list .row');
    }
  }]
];
