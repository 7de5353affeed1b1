// make web-load: postbacks at RATE a second (2000) while pages look on: the page stays quick and its memory flat, intake feels nothing of
// 1 or 10 inspectors, and who never reads his stream costs the server no memory.  ROWS (200000) go by the page that is measured.
'use strict';
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { launch } = require('../browser');
const { KEY, server } = require('./server');

const ROOT = path.resolve(__dirname, '../../..');
const LOADER = path.join(path.dirname(path.resolve(ROOT, process.env.CLICKBATON || 'build/clickbaton')), 'bench/bench_load');
const RATE = Number(process.env.RATE || 2000), ROWS = Number(process.env.ROWS || 200000), SECONDS = 20;
const TEMPLATE = `/postback/nutra-de?key=${KEY}&subid=@&external_id=E.C.P.@&status=sale&payout=12.50&currency=usd&tid=t@`;

let passed = 0, failed = 0, serial = 0;
function check(name, good, got) {
  good ? ++passed : ++failed;
  console.log(`${good ? 'ok' : 'FAILED'} ${name}: ${got}`);
}
const sleep = ms => new Promise(r => setTimeout(r, ms));
const memory = (pid, name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

// { sent, good, p50, p99, max } in ms, of a constant rate.
const load = (port, seconds) => new Promise((ok, no) => execFile(LOADER, [port, RATE, seconds, 64, TEMPLATE, `l${process.pid}x${++serial}x`].map(String), (error, out) => {
  const m = /^load (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/m.exec(out);
  m ? ok({ sent: +m[1], good: +m[2], p50: m[3] / 1000, p99: m[5] / 1000, max: m[7] / 1000 }) : no(error || new Error(out));
}));

async function cookie(s) {
  const { token, url } = s.link();
  const r = await fetch(new URL('/api/login', url), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token }) });
  return { value: r.headers.get('set-cookie').split(';')[0], port: Number(new URL(url).port) };
}

// Live views that read, without a browser: what they cost is the server's.
async function views(s, n) {
  const c = await cookie(s), list = [];
  for (let i = 0; i < n; i++) {
    const view = { bytes: 0, request: http.get({ host: '127.0.0.1', port: c.port, path: '/api/live', headers: { Cookie: c.value } }, r => r.on('data', b => { view.bytes += b.length; })) };
    view.request.on('error', () => {});
    list.push(view);
  }
  await sleep(500);
  return { list, close: () => list.forEach(v => v.request.destroy()) };
}

// A reader who asks and never reads.
async function stalled(s, n) {
  const c = await cookie(s);
  return Array.from({ length: n }, () => {
    const socket = net.connect({ host: '127.0.0.1', port: c.port });
    socket.pause();
    socket.on('error', () => {});
    socket.write(`GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:${c.port}\r\nCookie: ${c.value}\r\n\r\n`);
    return socket;
  });
}

async function intake(s) {
  const seen = {};
  await load(s.web, 3);
  for (const n of [0, 1, 10, 0, 1, 10]) {
    const v = await views(s, n), r = await load(s.web, SECONDS / 2);
    v.close();
    if (r.good !== r.sent) check(`all answered with ${n} views`, false, `${r.good} of ${r.sent}`);
    if (!seen[n] || r.p99 < seen[n].p99) seen[n] = { ...r, bytes: v.list.reduce((a, x) => a + x.bytes, 0) };
    await sleep(1000);
  }
  const say = n => `p50 ${seen[n].p50} ms, p99 ${seen[n].p99} ms, longest ${seen[n].max} ms`;
  for (const n of [0, 1, 10]) console.log(`   ${n} live views: ${say(n)}; ${(seen[n].bytes / 1e6).toFixed(1)} MB read`);
  for (const n of [1, 10]) check(`p99 of postbacks with ${n} live views`, seen[n].p99 < Math.max(3 * seen[0].p99, seen[0].p99 + 20), `${seen[n].p99} ms, without ${seen[0].p99} ms`);
}

async function stall(s) {
  const before = memory(s.serve.pid, 'VmRSS'), sockets = await stalled(s, 32);
  await load(s.web, SECONDS);
  const grown = memory(s.serve.pid, 'VmRSS') - before;
  sockets.forEach(x => x.destroy());
  check('32 readers that never read cost the server', grown < 40, `${grown.toFixed(1)} MB more after ${RATE * SECONDS} postbacks`);
}

async function look(s) {
  const browser = await launch();
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } }), page = await context.newPage();
    await page.goto(s.login());
    await page.waitForSelector('.is-live');
    const cdp = await context.newCDPSession(page);
    const heap = async () => { await cdp.send('HeapProfiler.collectGarbage'); const m = await cdp.send('Runtime.getHeapUsage'); return m.usedSize / 1e6; };
    const nodes = async () => (await cdp.send('Memory.getDOMCounters')).nodes;
    await load(s.web, 3);
    await page.evaluate(() => { window.late = []; let last = performance.now(); setInterval(() => { const now = performance.now(); window.late.push(now - last - 50); last = now; }, 50); });
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const busy = async () => (await cdp.send('Performance.getMetrics')).metrics.find(m => m.name === 'TaskDuration').value;
    const worked = await busy();
    const begin = await heap(), many = await nodes(), seconds = Math.ceil(ROWS / RATE), r = await load(s.web, seconds), end = await heap(), work = await busy() - worked;
    const late = (await page.evaluate(() => window.late)).sort((a, b) => a - b), p99 = late[Math.floor(late.length * 0.99)];
    console.log(`   ${r.sent} rows in ${seconds} s: heap ${begin.toFixed(1)} to ${end.toFixed(1)} MB, ${many} to ${await nodes()} nodes; the page works ${(100 * work / seconds).toFixed(0)} % of the time and answers late by ${late[late.length >> 1].toFixed(0)} ms in the middle, ${p99.toFixed(0)} ms at p99, ${late[late.length - 1].toFixed(0)} ms at most; postbacks p99 ${r.p99} ms`);
    check('the memory of the page is flat', end - begin < 15, `${(end - begin).toFixed(1)} MB`);
    check('the page stays quick', work / seconds < 0.25, `its thread works ${(100 * work / seconds).toFixed(0)} % of the time`);
    await page.waitForFunction(() => document.querySelectorAll('.list .row').length >= 50, null, { timeout: 10000 });
    const api = async () => page.evaluate(async () => (await (await fetch('/api/conversions?limit=1')).json()).rows[0].id);
    let shown, newest;
    for (let i = 0; i < 50 && shown !== (newest = await api()); i++) { await sleep(100); shown = Number(await page.getAttribute('.list .row [data-row]', 'data-row')); }
    check('afterwards it shows the newest', shown === newest, `${shown} of ${newest}`);
    await page.click('text=Pause');
    const held = await heap();
    await load(s.web, SECONDS);
    const more = await heap() - held;
    check('who pauses collects no memory', more < 10, `${more.toFixed(1)} MB, ${(await page.innerText('.held')).trim()}`);
  } finally {
    await browser.close();
  }
}

async function main() {
  const s = await server(), wanted = process.argv.slice(2), parts = { intake, stall, look };
  for (const name of Object.keys(parts)) if (!wanted.length || wanted.includes(name)) await parts[name](s);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

main();
