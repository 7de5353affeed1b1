// The script as a text: its size, its syntax, what it must not contain, how it is served.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
const { execFileSync } = require('node:child_process');
const controls = require('../controls');
const { ROOT } = require('../fixture');

const source = () => fs.readFileSync(path.join(ROOT, 'web/lander.js'), 'utf8');
const served = async t => controls.broken() || (await fetch(`http://127.0.0.1:${t.fixture.serve}/lander.js`)).text();

module.exports = [
  ['it is under 6 KB as served', async t => {
    const text = await served(t), bytes = Buffer.byteLength(text);
    t.true('at least 3 KB', bytes > 3000, bytes);
    t.true('under 6144 bytes', bytes < 6144, bytes);
  }],

  ['what is served is the source without comments and indentation', async t => {
    const bare = source().split('\n').map(l => l.trim()).filter(l => l && !l.startsWith('//'));
    t.true('line by line', await served(t) === bare.join('\n') + '\n', 'they differ');
  }],

  ['its syntax is of 2018', async t => {
    execFileSync(process.execPath, ['--check', path.join(ROOT, 'web/lander.js')]);
    const text = await served(t);
    new vm.Script(text);
    // What came later: ?. ?? ??= ||= &&= #x 1_0 1n, optional catch, .at( flatMap matchAll replaceAll fromEntries.
    const late = /\?\.[a-z[(]|\?\?|\|\|=|&&=|\bcatch \{|\.at\(|flat\(|flatMap|matchAll|replaceAll|fromEntries|globalThis|structuredClone|\bawait\b|\d_\d|\b\d+n\b|\(\?<|\bstatic\b|\.findLast/;
    const found = late.exec(text.replace(/\(\?!/g, ''));
    t.true('nothing that came later', !found, found && found[0]);
  }],

  ['the hash tells 180,000 ids apart', async t => {
    const hash = new vm.Script('(' + /const hash = ([^]*?);\n/.exec(await served(t))[1] + ')').runInThisContext();
    const letters = 'ABCXYZabcxyz019_-', seen = new Set(), texts = new Set();
    for (const a of letters) for (const b of letters) for (const c of letters) for (const d of letters)
      texts.add(`E.C.P.${a}${b}9xQ${c}${d}EgR2Mi4`);
    for (let i = 0, x = 1; i < 100000; i++) {
      x = (x * 48271) % 2147483647;
      texts.add('E.C.P.' + x.toString(36) + (x * 7919 % 2147483647).toString(36));
    }
    t.equal('as the simulator makes it', hash('E.C.P.v3fQ2RHacdksKfofPmlyuStIIHJ4Af1tKYxF9zz2c2PLx1Oaw15oHpcfl5AH'), 'c5i11sir78yphei1a3');
    t.equal('as the simulator makes it', hash('Кето'), 'm8z6imukf7wp6u');
    texts.forEach(text => seen.add(hash(text)));
    t.equal('of so many', [seen.size, texts.size > 180000], [texts.size, true]);
  }],

  ['no value can become HTML or code', async t => {
    const found = /innerHTML|outerHTML|insertAdjacent|document\.write|d\.write|\beval\b|new Function|setTimeout\(['"`]|srcdoc|createContextualFragment/.exec(await served(t));
    t.true('no such call', !found, found && found[0]);
  }],

  ['how it is served', async t => {
    const r = await fetch(`http://127.0.0.1:${t.fixture.serve}/lander.js`);
    t.equal('headers', [r.status, r.headers.get('content-type'), r.headers.get('x-content-type-options')],
      [200, 'text/javascript; charset=utf-8', 'nosniff']);
    t.true('cached for a short time', /^public, max-age=\d{2,4}$/.test(r.headers.get('cache-control')), r.headers.get('cache-control'));
    t.equal('any page may load it', [r.headers.get('access-control-allow-origin'), r.headers.get('cross-origin-resource-policy')],
      ['*', 'cross-origin']);
  }]
];
