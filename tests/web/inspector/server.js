// The real server and its sandbox as children, for the checks of `served`: started once, ended by their pids.
'use strict';
const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '../../..');
const BINARY = path.resolve(ROOT, process.env.CLICKBATON || 'build/clickbaton');
const KEY = 'k3y-of-the-postbacks-0123456789abcdef', PIXEL = 'C9EXAMPLEPIXEL00', PASSWORD = 'correct-horse-battery-staple';
const children = [];
let folder, started;

process.on('exit', () => {
  for (const p of children) if (p.exitCode === null) p.kill('SIGKILL');
  if (folder) fs.rmSync(folder, { recursive: true, force: true });
});

function child(...args) {
  const p = spawn(BINARY, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  p.text = '';
  for (const s of [p.stdout, p.stderr]) s.on('data', b => { p.text += b; });
  children.push(p);
  return p;
}

async function said(p, what) {
  for (let i = 0; i < 1500; i++) {
    const found = what.exec(p.text);
    if (found) return found;
    if (p.exitCode !== null) break;
    await new Promise(r => setTimeout(r, 20));
  }
  throw new Error('it did not say ' + what + ': ' + p.text.slice(-600));
}

function write(name, text, mode = 0o644) {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  fs.writeFileSync(path.join(folder, name), text, { mode });
}

const offer = words => `version: 1
offer: nutra-de
extends: keitaro
pixel: ${PIXEL}
page_url: https://lander.example/nutra
value_currency: USD
${words ? `stages: {sale: [sale, ${words}]}\n` : ''}events:
  lead: {event: Lead, value: 10}
  sale: {event: Purchase, value: payout}
  rejected: ignore
user: {external_id: "{click_id}", email: "{param.email}"}
`;

async function start() {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'clickbaton-page-'));
  write('keys/postback', KEY + '\n', 0o600);
  write('keys/tiktok', 't0ken-of-the-events-api-0123456789abcdef\n', 0o600);
  write('keys/inspector', PASSWORD + '\n', 0o600);
  write('offers/nutra-de.yaml', offer(''));
  const sandbox = child('sandbox', '--quiet', '--rate', '1000000', '--listen', '127.0.0.1:0');
  const [, port] = await said(sandbox, /listening on http:\/\/127\.0\.0\.1:(\d+)/);
  write('clickbaton.yaml', `version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
data: ./data
offers: ./offers
key: {file: ./keys/postback}
inspector: {password: {file: ./keys/inspector}}
tiktok:
  endpoint: http://127.0.0.1:${port}/open_api/v1.3/event/track/
  pixels: {${PIXEL}: {token: {file: ./keys/tiktok}}}
`);
  const serve = child('serve', '-c', 'clickbaton.yaml');
  const [, web] = await said(serve, /listening on http:\/\/127\.0\.0\.1:(\d+)/);
  return { web: Number(web), serve, folder };
}

// What a check works with.
async function server() {
  started ||= start();
  const s = await started;
  const link = () => JSON.parse(execFileSync(BINARY, ['inspect', '--json'], { cwd: folder, encoding: 'utf8' }));
  return {
    ...s, PASSWORD, link,
    login: () => { const l = link(); return l.url || l.link; },
    mend: async word => { write('offers/nutra-de.yaml', offer(word)); s.serve.kill('SIGHUP'); },
    damage: async () => { write('offers/nutra-de.yaml', 'version: 1\noffer: nutra-de\nextnds: x\n'); s.serve.kill('SIGHUP'); },
    click: q => fetch(`http://127.0.0.1:${s.web}/click/nutra-de?key=${KEY}&${new URLSearchParams(q)}`, { method: 'POST' }).then(r => r.status),
    postback: async q => { const r = await fetch(`http://127.0.0.1:${s.web}/postback/nutra-de?key=${KEY}&verbose=1`, { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(q) }); const t = await r.text(); try { return JSON.parse(t); } catch (e) { return { status: r.status, text: t }; } },
    trace: id => JSON.parse(execFileSync(BINARY, ['trace', '--json', id], { cwd: folder, encoding: 'utf8' }))
  };
}

module.exports = { KEY, server };
