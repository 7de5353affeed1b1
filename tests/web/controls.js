// make web-control: the script broken on purpose, one place at a time.  A check that does not notice is
// a defect.  Each row: the area, what to replace by what, and the checks of which one at least must fail.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const source = fs.readFileSync(path.join(__dirname, '../../web/lander.js'), 'utf8');

const list = [
  ['event_id made anew on every page', "'ev-' + hash(ttclid || own ||", "'ev-' + hash(", /^storage: with neither/],
  ['an event_id of its own for the pixel', 'w.ttq.track(name, props || {}, { event_id });', "w.ttq.track(name, props || {}, { event_id: event_id + 'x' });", /^funnel: one/],
  ['another event name', 'w.ttq.track(name,', 'w.ttq.track(name.toLowerCase(),', /^funnel: one/],
  ['the ttclid cut', "ttclid, old: last.click", "ttclid: ttclid && ttclid.slice(0, 255), old: last.click", /^funnel: one/],
  ['the transaction id not trimmed', '`${txid || \'\'}`.trim()', '`${txid || \'\'}`', /repeatable/],
  ['a new ttclid that is no new visit', 'last.ttclid == ttclid', 'last.id', /two tabs$|each of two tabs/],
  ['visits that never go on', 'v = same && last.id ? last : {', 'v = false ? last : {', /keeps the visit/],
  ['a new click id that is never a new visit', '!click || last.click == click', 'true', /click id alone|an hour|second click/],
  ['fragments not read', "replace(/[?#]|&amp;/g", "replace(/[?]|&amp;/g", /parameters behind/],
  ['the handed-over event_id not taken', 'id: id || /', 'id: /', /handed over/],
  ['the fragment registered', "page.split('#')[0]", 'page', /without the fragment/],
  ['a late _ttp not registered', "['ttp', cookie('_ttp')]", "['ttp', '']", /_ttp/],
  ['no second look for the script element', "el = d.querySelector('script[data-offer]')", 'el = null', /injected/],
  ['run twice', 'if (!el || w.clickbaton) return;', 'if (!el) return;', /injected/],
  ['no localStorage', '() => localStorage[KEY], ', '', /^storage: without cookies/],
  ['no cookie', 'd.cookie = `${KEY}', 'd.title = `${KEY}', /^storage: with a full|one cookie/],
  ['errors of storage thrown', "try { return f(...a); } catch (e) {}", 'return f(...a);', /^storage: with neither/],
  ['kept for ever', 'age(o) < 24192e5 && ', '', /after 28 days/],
  ['rubbish in storage taken', '[o.id, o.ttclid || 1, o.click || 1].every(good) && Array.isArray(o.fired) &&', '', /rubbish/],
  ['events fired again', '.includes(key)) return;', '.includes(null)) return;', /reload and double/],
  ['other tabs forgotten', 'v.fired.concat(stored().fired)', 'v.fired', /two tabs of one/],
  ['fired before anybody has seen it', "d.prerendering ? on('prerenderingchange', start) :", '', /prepared/],
  ['few events remembered', '.slice(-40)', '.slice(-12)', /reload after many/],
  ['a query is a view', 'loc.host + loc.pathname +', 'loc.host + loc.pathname + loc.search +', /SPA: a view/],
  ['routes not watched', "['pushState', 'replaceState'].forEach", '[].forEach', /SPA: a view/],
  ['pushState swallowed', 'return own.apply(history, a);', 'own.apply(history, a);', /pushState still/],
  ['bfcache not noticed', "on('pageshow', e => e.persisted && v && start());", '', /bfcache/],
  ['the pixel needed', 'if (v && w.ttq.track) queue', 'if (v) queue', /pixel is not there/],
  ['what is there overwritten', '.filter(p => !u.searchParams.has(p[0]))', '', /listed hosts/],
  ['every host decorated', '(hosts.includes(u.hostname) || hosts.includes(u.host))', 'u.host', /listed hosts/],
  ['values not encoded', 'new URLSearchParams(add);', "add.map(p => p.join('=')).join('&');", /listed hosts/],
  ['forms left out', '[...d.links, ...d.forms]', '[...d.links]', /^links: forms/],
  ['a form\'s own fields doubled', 'form.namedItem(name) ||', 'false ||', /^links: forms/],
  ['nothing at click time', "on('mousedown touchstart click submit'", "on(''", /added later|sent at once/],
  ['no fetch', 'else fetch(', 'else ({}).fetch(', /sendBeacon (is|says|throws)|network is down/],
  ['a beacon taken for certain', "done(what + '?')", 'done(what)', /got lost|said again/],
  ['fetch taken for certain', '.then(r => r.ok && done(what))', '.then(done(what))', /network is down/],
  ['registered without an id', '!(v.click || v.ttclid) || ', '', /who has no id/],
  ['said again for ever', '|| v.sent == what) return;', ') return;', /said again by fetch/],
  ['late click ids not looked for', '].find(s => good(s) && s != v.old)', '].find(s => 0)', /^late: RedTrack's cookie/],
  ['no dtpCallback', 'w.dtpCallback.getClickID()', "''", /Voluum/],
  ['no sessionStorage', 'sessionStorage.rtkclickid', "''", /sessionStorage/],
  ['a stale click id taken', ' && s != v.old', '', /visit before/],
  ['looking for ever', 'ticks-- < 1', 'ticks < 1', /stops looking/],
  ['consent not waited for', 'if (yes == null && !conf.consent) d.', 'd.', /^consent: (agreed by|refused)/],
  ['the decision not sent', "['consent', no || yes && (conf.consentValue || 1)]", "['consent', '']", /^consent: agreed by/],
  ['a refusal not told', "tell('denied');", '', /^consent: taken back/],
  ['a refusal told of this page only', 'v = stored();', '', /^consent: taken back on a later page/],
  ['what had waited lost', 'if (yes) return start();', 'if (yes) return (queue.length = 0, start());', /^consent: agreed by/],
  ['the page before not read', "d.referrer.split('/')[2] == loc.host", 'false', /second page/],
  ['stored after a refusal', "  write('');", '', /taken back/],
  ['any word is a yes', '/^(1|true|yes|granted)$/.test(said)', 'said', /no clear yes/],
  ['short click ids taken for unique', '/.{8}/.test(click) && click', 'click', /short/],
  ['syntax of later years', 'e => e.persisted && v', 'e => e?.persisted && v', /^form: its syntax/],
  ['queued after a refusal', 'yes !== false && queue', 'queue', /after a refusal is never sent/],
  ['a queue without an end', 'queue.length < 99 &&', '', /no pixel ever/],
  ['started after a refusal', 'if (yes === false) return;', '', /refused while/],
  ['track throws', 'track: safe((name', 'track: ((name', /no text/],
  ['a cookie of any size', 'enc(s).length > 3799', 'enc(s).length > 37990', /long ttclid and many views/],
  ['views of old visits carried', '!/\\.v/.test(k) || k', 'k + 1 || k', /views of the visit before/],
  ['events of the tab beside forgotten', '.filter(k => !/\\.v/.test(k) || k.includes(v.id))', '.filter(k => k.includes(v.id))', /each of two tabs/],
  ['a visit of the future taken', ' && age(o) > -864e5', '', /of the future/],
  ['any stored ttclid taken', 'o.ttclid || 1, ', '', /ids that no URL could/],
  ['any stored click id taken', 'o.click || 1]', ']', /ids that no URL could/],
  ['https ids to http', ' && u.protocol >= loc.protocol', '', /https page/],
  ['formdata events', 'form.namedItem(name) ||', 'new FormData(a).has(name) ||', /formdata/],
  ['all links at every touch', "mark(e.target.closest('a,area,form'))", "[...d.links, ...d.forms].forEach(mark)", /10,000 links/],
  ['links looked at without hosts', 'hosts[0] && [', '[', /no listed host/],
  ['URLs parsed of every link', 'if (!ours(form', 'if (!new URL(a.href, d.baseURI) || !ours(form', /10,000 links/],
  ['HTML made of a value', 'v.click = click || v.click;', 'd.body.innerHTML = click;', /^form: no value/],
  ['a weak hash', '% 35046933135337', '% 3504', /^form: the hash/],
  ['a refusal not heeded', 'if (yes) return start();', 'return yes = true, start();', /refused/],
  ['a long ttclid cut', '.find(good)', '.map(s => s.slice(0, 1000)).find(good)', /10,000/],
  ['macros taken', '(?!__.+__$|[[{<#%$]|(undefined|null|replace|optional)$)', '', /rubbish/],
  ['values as HTML', 'v.click = click || v.click;', 'v.click = click || v.click; if (click && d.body) d.body.insertAdjacentHTML(\'beforeend\', click);', /HTML in/]
].map(([area, from, to, checks]) => ({ area, from, to, checks }));

function fits() {
  const c = module.exports.running;
  if (source.split(c.from).length !== 2) throw new Error(`the control "${c.area}" does not fit the script any more`);
}

// The script with the place broken that is meant to be; nothing when none is.
function broken() {
  const c = module.exports.running;
  return c && source.replace(c.from, () => c.to);
}

// Pages of this context get the broken script while a control runs.
async function install(context) {
  const c = module.exports.running;
  if (!c) return;
  const body = broken();
  await context.route('**/lander.js*', route => route.fulfill({ contentType: 'text/javascript', body }));
}

module.exports = { running: null, list, install, fits, broken };
