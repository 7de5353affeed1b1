// A chain file and its picture.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const file = name => path.resolve(__dirname, '../../../../examples/chains', name);
const text = name => fs.readFileSync(file(name), 'utf8');
const words = (page, where) => page.$eval(where, e => e.innerText.replace(/\s+/g, ' '));
const marks = page => page.$$eval('.hops > li', l => l.map(x => [...x.querySelectorAll('.mark')].map(m => m.textContent)));

module.exports = [
  ['pasted: what is kept, hop by hop, to TikTok', async t => {
    const page = await t.tab('#/chain');
    await page.fill('textarea', text('keitaro.yaml'));
    await page.click('text=Walk through it');
    await page.waitForSelector('.outcome.good');
    t.equal('sent as it is', t.asked('/api/simulate').map(a => [a.body, a.type]), [[text('keitaro.yaml'), 'application/yaml']]);
    t.true('said', (await words(page, '.outcome')).includes('The baton arrives'));
    t.equal('ttclid, click_id, event_id of each hop', await marks(page), [['kept', 'kept', 'not there yet'], ['kept', 'kept', 'kept'], ['kept', 'kept', 'kept']]);
    t.equal('stations of the picture', await page.$$eval('.station', l => l.map(x => x.textContent)), ['the ad', 'tracker', 'lander', 'offer', 'network', 'clickbaton', 'TikTok']);
    t.equal('nothing is broken in it', await page.$$eval('.broke, .fault', l => l.length), 0);
    t.true('the picture has a sentence', (await page.getAttribute('.picture svg', 'aria-label')).includes('The ids arrive at TikTok'));
  }],
  ['opened as a file: where the baton drops, and what to change', async t => {
    const page = await t.tab('#/chain');
    await page.setInputFiles('input[type=file]', file('lander-forgets-subid.yaml'));
    await page.waitForSelector('.outcome.bad');
    t.true('said', (await words(page, '.outcome')).includes('The baton drops at “lander”'));
    t.equal('the file is in the field', await page.inputValue('textarea'), text('lander-forgets-subid.yaml'));
    t.equal('marks', await marks(page), [['kept', 'kept', 'not there yet'], ['kept', 'lost', 'kept']]);
    t.equal('one cross, in the lane of the click id', await page.$$eval('.broke', l => l.length), 1);
    const at = await page.evaluate(() => { const box = s => document.querySelector(s).getBoundingClientRect(), mid = r => [r.x + r.width / 2, r.y + r.height / 2];
      const [fx] = mid(box('.fault')), [bx, by] = mid(box('.broke')), lane = [...document.querySelectorAll('.lane-name')].map(e => [e.textContent, mid(e.getBoundingClientRect())[1]]).sort((a, b) => Math.abs(a[1] - by) - Math.abs(b[1] - by))[0][0], [name] = [...document.querySelectorAll('.station')].map(e => [e.textContent, Math.abs(mid(e.getBoundingClientRect())[0] - bx)]).sort((a, b) => a[1] - b[1])[0]; return [Math.abs(fx - bx) < 2, lane, name]; });
    t.equal('the cross stands where the baton drops', at, [true, 'click_id', 'lander']);
    t.true('what to change', (await words(page, '.hops .broken')).includes('What to change: add subid={subid} to its target'));
    await page.click('nav >> text=Live');
    await page.waitForSelector('.list .row');
    await page.click('nav >> text=Chain');
    await page.waitForSelector('.outcome.bad');
  }],
  ['dropped onto the view', async t => {
    const page = await t.tab('#/chain');
    await page.waitForSelector('.chain');
    const drop = await page.evaluateHandle(yaml => { const d = new DataTransfer(); d.items.add(new File([yaml], 'chain.yaml', { type: 'text/yaml' })); return d; }, text('keitaro.yaml'));
    await page.dispatchEvent('.chain', 'dragover', { dataTransfer: drop });
    await page.dispatchEvent('.chain', 'drop', { dataTransfer: drop });
    await page.waitForSelector('.outcome.good');
  }],
  ['a file with mistakes: where, which, what to do', async t => {
    const page = await t.tab('#/chain');
    await page.fill('textarea', 'version: 1\nhopss: []\n');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('text=The file can\'t be used as it is');
    const list = await page.$$eval('.lasts li', l => l.map(x => x.innerText.replace(/\s+/g, ' ').trim()));
    t.equal('mistakes', list, ['M003 1:1 `start:` is missing What to do: the ad\'s link: start: "https://..."', 'M001 3:1 unknown key "hopss" in a chain What to do: did you mean "hops"?']);
  }],
  ['a file that is far too large is not sent', async t => {
    const page = await t.tab('#/chain');
    await page.setInputFiles('input[type=file]', { name: 'big.yaml', mimeType: 'text/yaml', buffer: Buffer.alloc(1100000, 'a') });
    await page.waitForSelector('.problem >> text=larger than a chain file can be');
    t.equal('nothing was asked', t.asked('/api/simulate').length, 0);
  }],
  ['down instead of along on a phone', async t => {
    const page = await t.tab('#/chain');
    await page.fill('textarea', text('lander-forgets-subid.yaml'));
    await page.click('text=Walk through it');
    await page.waitForSelector('.picture svg[viewBox^="0 0 320"]');
    t.equal('stations', await page.$$eval('.station', l => l.map(x => x.textContent)), ['the ad', 'tracker', 'lander', 'network', 'TikTok']);
  }, { viewport: { width: 360, height: 740 } }]
];
