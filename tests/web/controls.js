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
  ['the ttclid cut', "['ttclid', v.ttclid], ['event_id', v.id],\n", "['ttclid', v.ttclid && v.ttclid.slice(0, 255)], ['event_id', v.id],\n", /^funnel: one/],
  ['the transaction id not trimmed', '`${txid || \'\'}`.trim()', '`${txid || \'\'}`', /repeatable/],
  ['a new ttclid that is no new visit', 'last.ttclid == ttclid', 'last.id', /two tabs$|each of two tabs/],
  ['visits that never go on', 'v = same && last.id ? last : {', 'v = false ? last : {', /keeps the visit/],
  ['a new click id that is never a new visit', '!click || last.click == click', 'true', /click id alone|an hour|second click/],
  ['fragments not read', "replace(/[?#]|&amp;/g", "replace(/[?]|&amp;/g", /parameters behind/],
  ['the handed-over event_id not taken', 'id: id || (', 'id: (', /handed over/],
  ['the fragment registered', "landing.split('#')[0]", 'landing', /without the fragment/],
  ['a late _ttp not registered', "['ttp', cookie('_ttp')]", "['ttp', '']", /_ttp/],
  ['no second look for the script element', "el = d.querySelector('script[data-offer]')", 'el = null', /injected/],
  ['run twice', 'if (!el || w.clickbaton) return;', 'if (!el) return;', /injected/],
  ['no localStorage', '() => localStorage[KEY], ', '', /^storage: without cookies/],
  ['no cookie', 'd.cookie = `${KEY}', 'd.title = `${KEY}', /^storage: with a full|one cookie/],
  ['errors of storage thrown', "try { return f(...a); } catch (e) { return undefined; }", 'return f(...a);', /^storage: with neither/],
  ['kept for ever', '&& o.seen > Date.now() - 28 * 864e5', '', /after 28 days/],
  ['rubbish in storage taken', 'usable(o.id) && Array.isArray(o.fired) && ', '', /rubbish/],
  ['events fired again', '.includes(key)) return;', '.includes(null)) return;', /reload and double/],
  ['other tabs forgotten', 'v.fired.concat(stored().fired)', 'v.fired', /two tabs of one/],
  ['fired before anybody has seen it', "d.prerendering ? on('prerenderingchange', start) :", '', /prepared/],
  ['few events remembered', 'v.fired.slice(-40)', 'v.fired.slice(-12)', /reload after many/],
  ['a query is a view', 'loc.host + loc.pathname + (', 'loc.host + loc.pathname + loc.search + (', /SPA: a view/],
  ['routes not watched', "['pushState', 'replaceState'].forEach", '[].forEach', /SPA: a view/],
  ['pushState swallowed', 'return own.apply(this, arguments);', 'own.apply(this, arguments);', /pushState still/],
  ['bfcache not noticed', "on('pageshow', e => e.persisted && v && start());", '', /bfcache/],
  ['the pixel needed', 'if (v && w.ttq.track) for', 'if (v) for', /pixel is not there/],
  ['what is there overwritten', '.filter(p => !u.searchParams.has(p[0]))', '', /listed hosts/],
  ['every host decorated', 'if (!listed(u) || !add[0]) return url;', '', /listed hosts/],
  ['values not encoded', "p.map(enc).join('=')", "p.join('=')", /listed hosts/],
  ['forms left out', '[...d.forms].forEach', '[].forEach', /^links: forms/],
  ['a form\'s own fields doubled', 'new FormData(f).has(name) ||', 'false ||', /^links: forms/],
  ['nothing at click time', "['mousedown', 'touchstart', 'click', 'submit'].forEach", '[].forEach', /added later|sent at once/],
  ['no fetch', 'else fetch(', 'else ({}).fetch(', /sendBeacon (is|says|throws)|network is down/],
  ['a beacon taken for certain', "done(what + '?')", 'done(what)', /got lost|said again/],
  ['fetch taken for certain', '.then(r => r.ok && done(what))', '.then(done(what))', /network is down/],
  ['registered without an id', '!(v.click || v.ttclid) || ', '', /who has no id/],
  ['said again for ever', '|| v.sent == what) return;', ') return;', /said again by fetch/],
  ['late click ids not looked for', 'v.click = v.click || lateClick();', '', /^late: RedTrack's cookie/],
  ['no dtpCallback', 'w.dtpCallback.getClickID()', "''", /Voluum/],
  ['no sessionStorage', 'sessionStorage.rtkclickid', "''", /sessionStorage/],
  ['a stale click id taken', ' && s != v.old', '', /visit before/],
  ['looking for ever', 'ticks-- < 1', 'ticks < 1', /stops looking/],
  ['consent not waited for', 'if (agreed == null && !conf.consent) d.', 'd.', /^consent: (agreed by|refused)/],
  ['the decision not sent', "['consent', agreed && (conf.consentValue || 1)]", "['consent', '']", /^consent: agreed by/],
  ['what had waited lost', '  if (agreed) return start();', '  if (agreed) return (queue.length = 0, start());', /^consent: agreed by/],
  ['the page before not read', "d.referrer.split('/')[2] == loc.host", 'false', /second page/],
  ['stored after a refusal', "  write('');", '', /taken back/],
  ['any word is a yes', '/^(1|true|yes|granted)$/.test(yes)', '!!yes', /no clear yes/],
  ['short click ids taken for unique', 'click.length > 7 && click', 'click', /short/],
  ['syntax of later years', 'e => e.persisted && v', 'e => e?.persisted && v', /^form: its syntax/],
  ['HTML made of a value', 'if (click) v.click = click;', 'if (click) d.body.innerHTML = click;', /^form: no value/],
  ['a weak hash', '% 35046933135337', '% 3504', /^form: the hash/],
  ['a refusal not heeded', 'if (agreed) return start();', 'return start();', /refused/],
  ['a long ttclid cut', '.find(usable)', '.map(s => s.slice(0, 1000)).find(usable)', /10,000/],
  ['macros taken', '(?!__.+__$|[[{<#%$]|(undefined|null|replace|optional)$)', '', /rubbish/],
  ['values as HTML', 'if (click) v.click = click;', 'if (click) v.click = click; if (click && d.body) d.body.insertAdjacentHTML(\'beforeend\', click);', /HTML in/]
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
