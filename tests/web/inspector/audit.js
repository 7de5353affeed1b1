// What a machine can see of a page's accessibility, run inside it: names, labels, headings, ids, roles, contrast.
'use strict';

module.exports = function audit() {
  const problems = [], seen = el => { const r = el.getBoundingClientRect(), s = getComputedStyle(el); return r.width > 0 && r.height > 0 && s.visibility !== 'hidden'; };
  const show = el => `<${el.tagName.toLowerCase()} class="${el.getAttribute('class') || ''}"> ${(el.textContent || '').slice(0, 30)}`;
  const text = el => { let out = ''; for (const n of el.childNodes) out += n.nodeType === 3 ? n.data : n.nodeType === 1 && n.getAttribute('aria-hidden') !== 'true' ? n.getAttribute('aria-label') || text(n) : ''; return out.trim(); };
  const name = el => (el.getAttribute('aria-label') || (el.labels && [...el.labels].map(text).join(' ')) || text(el) || el.getAttribute('title') || '').trim();

  if (!document.documentElement.lang) problems.push('no language');
  if (!document.title) problems.push('no title');
  if (document.querySelectorAll('h1').length !== 1) problems.push(`${document.querySelectorAll('h1').length} h1`);
  if (document.querySelectorAll('main').length !== 1) problems.push(`${document.querySelectorAll('main').length} main`);
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  ids.filter((x, i) => ids.indexOf(x) !== i).forEach(x => problems.push(`id ${x} stands twice`));
  for (const el of document.querySelectorAll('a[href],button,input,select,textarea,summary,[tabindex="0"],[role="img"],[role="meter"],[role="region"],nav,dialog'))
    if (seen(el) && el.type !== 'hidden' && !name(el)) problems.push(`no name: ${show(el)}`);
  for (const el of document.querySelectorAll('svg,img')) if (!el.closest('[aria-hidden="true"]') && el.getAttribute('aria-hidden') !== 'true' && !(el.getAttribute('role') === 'img' && name(el)) && !el.closest('[role="img"]')) problems.push(`a picture without a name: ${show(el)}`);
  const ROLES = 'alert cell columnheader group img meter navigation region row rowgroup search status table'.split(' ');
  for (const el of document.querySelectorAll('[role]')) if (!ROLES.includes(el.getAttribute('role'))) problems.push(`role ${el.getAttribute('role')}: ${show(el)}`);
  for (const el of document.querySelectorAll('table')) if (!el.querySelector('th')) problems.push(`a table without headings: ${show(el)}`);
  for (const el of document.querySelectorAll('button button, a button, a a, button a')) problems.push(`one control inside of another: ${show(el)}`);

  // ---- contrast ----

  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
  const cache = new Map();
  const rgba = c => {
    if (!cache.has(c)) { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = '#000'; canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); const d = canvas.getImageData(0, 0, 1, 1).data; cache.set(c, [d[0], d[1], d[2], d[3] / 255]); }
    return cache.get(c);
  };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const ground = el => {
    const layers = [];
    for (let e = el; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] > 0) layers.push(c); if (c[3] === 1) break; if (e.tagName === 'DIALOG' || e.classList.contains('toast')) break; }
    return layers.reverse().reduce((under, l) => over(l, under), rgba(getComputedStyle(document.body).backgroundColor));
  };
  const light = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const faint = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  for (let n; (n = walk.nextNode());) {
    const el = n.parentElement;
    if (!n.data.trim() || !seen(el) || el.closest('.sr,noscript,script,style,option') || el.closest(':disabled')) continue;
    const s = getComputedStyle(el), svg = el.namespaceURI.endsWith('svg'), under = ground(el);
    let opacity = 1;
    for (let e = el; e; e = e.parentElement) opacity *= Number(getComputedStyle(e).opacity);
    const c = rgba(svg ? s.fill : s.color).slice();
    c[3] *= opacity;
    const size = parseFloat(s.fontSize), big = size >= 24 || (size >= 18.66 && Number(s.fontWeight) >= 700), got = ratio(over(c, under), under);
    texts++;
    if (got < (big ? 3 : 4.5)) faint.add(`contrast ${got.toFixed(2)}: ${show(el)}`);
  }
  if (texts < 5) problems.push(`only ${texts} texts to look at`);
  return problems.concat([...faint]).slice(0, 12);
};
