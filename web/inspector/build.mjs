// node build.mjs OUT [--check]: the inspector's page as three files that load nothing else.
// The titles of the codes come from core/base/codes.c, so that page and program say the same.
import { build } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

export const here = path.dirname(fileURLToPath(import.meta.url));
const BROWSERS = ['chrome111', 'firefox115', 'safari16.4'];

// { "Q002": ["unknown status word", "list the word under a stage of the mapping"], ... } of the codes that a
// conversion, a refusal, an alert or a chain can have; those of files come with their own sentences.
const SHOWN = 'QIDWRAH';
export function codes() {
  const source = fs.readFileSync(path.join(here, '../../core/base/codes.c'), 'utf8');
  const row = /\{\s*"([A-Z]\d{3})",\s*((?:"(?:[^"\\]|\\.)*"\s*)+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\}/g;
  const text = c => c.match(/"(?:[^"\\]|\\.)*"/g).map(s => JSON.parse(s)).join('');
  const table = {};
  for (const [, code, title, remedy] of source.matchAll(row)) if (SHOWN.includes(code[0])) table[code] = [text(title), text(remedy)];
  const named = new Set(source.match(/\{\s*"[A-Z]\d{3}"/g).map(s => s.match(/[A-Z]\d{3}/)[0]));
  for (const code of named) if (SHOWN.includes(code[0]) && !table[code]) throw new Error(`core/base/codes.c: the row of ${code} can't be read`);
  return table;
}

// What is bundled, for its notice: name, version, licence and the line that claims the copyright.
export function bundled() {
  const lock = JSON.parse(fs.readFileSync(path.join(here, 'package-lock.json'), 'utf8')).packages;
  return Object.keys(lock).filter(k => k && !lock[k].dev).map(k => {
    const folder = path.join(here, k);
    const licence = fs.readFileSync(path.join(folder, 'LICENSE'), 'utf8');
    return { name: k.replace('node_modules/', ''), version: lock[k].version, licence: lock[k].license,
      copyright: /^Copyright.*$/m.exec(licence)[0].trim() };
  });
}

// damage: { file, from, to }, for the tests that want to see what a defect does.
const plugin = damage => ({
  name: 'clickbaton',
  setup(b) {
    b.onResolve({ filter: /^virtual:codes$/ }, () => ({ path: 'codes', namespace: 'codes' }));
    b.onLoad({ filter: /.*/, namespace: 'codes' }, () => ({ contents: JSON.stringify(codes()), loader: 'json' }));
    if (damage) b.onLoad({ filter: new RegExp(`src/${damage.file.replace('.', '\\.')}$`) }, args => {
      const text = fs.readFileSync(args.path, 'utf8');
      if (!text.includes(damage.from)) throw new Error(`${damage.file} has no "${damage.from}" to break`);
      return { contents: text.replaceAll(damage.from, () => damage.to), loader: damage.file.endsWith('.css') ? 'css' : 'jsx' };
    });
  }
});

export async function bundle(out, damage) {
  const notice = '/* clickbaton inspector. Contains ' +
    bundled().map(p => `${p.name} ${p.version} (${p.licence}, ${p.copyright})`).join('; ') + ' */';
  fs.mkdirSync(out, { recursive: true });
  await build({
    entryPoints: { inspector: path.join(here, 'src/main.jsx') },
    outdir: out, bundle: true, minify: true, format: 'iife', charset: 'utf8', target: BROWSERS,
    jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none', logLevel: 'warning',
    banner: { js: notice }, loader: { '.css': 'css' }, plugins: [plugin(damage)]
  });
  fs.copyFileSync(path.join(here, 'index.html'), path.join(out, 'index.html'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = process.argv[2];
  await bundle(out);
  const sizes = ['index.html', 'inspector.js', 'inspector.css'].map(f => {
    const bytes = fs.readFileSync(path.join(out, f));
    return [f, bytes.length, zlib.gzipSync(bytes, { level: 9 }).length];
  });
  console.log('  WEB  ' + sizes.map(([f, n, z]) => `${f} ${(n / 1000).toFixed(1)} kB (${(z / 1000).toFixed(1)} gzipped)`).join(', '));
}
