// clickbaton's landing script: one event_id per visit, for TikTok's pixel and for the server.
// docs/lander.md tells how to use it.  Served without these comments and the indentation: a comment
// has its line to itself, and no text spans lines.  Nothing in here may throw into the page.
(function (w, d, loc) {
'use strict';
let el = d.currentScript;
if (!el || !el.dataset.offer) el = d.querySelector('script[data-offer]');
if (!el || w.clickbaton) return;

const conf = el.dataset, KEY = 'clickbaton', landing = loc.href, queue = [], enc = encodeURIComponent;
const words = s => (s || '').match(/\S+/g) || [];
const names = words(conf.clickId || 'click_id clickid subid cid cnv_id vl_clickid');
const late = names.concat('rtkcid', 'rtkclickid-store', '_subid', 'bcid');
const hosts = words(conf.decorate);
const safe = f => (...a) => { try { return f(...a); } catch (e) { return undefined; } };
const go = f => safe(f)();

// The visit {id, ttclid, click, old, fired, sent, seen}; the visitor's decision; the registration
// that this page has tried; the view that was counted; how long to go on looking.
let v, agreed, tried, view, ticks;

// ---- what comes in ----

// Whole or not at all (a ttclid has up to 1,000 characters), and no macro that nobody filled.
const usable = s =>
  /^(?!__.+__$|[[{<#%$]|(undefined|null|replace|optional)$)[^\x00-\x1f\x7f]{1,1000}$/i.test(s);
const cookie = n => go(() => decodeURIComponent(`; ${d.cookie}`.split(`; ${n}=`)[1].split(';')[0]));

// Also behind '#' or a second '?', after "&amp;", and from the page before on this host.
function param(list) {
  const before = d.referrer.split('/')[2] == loc.host ? d.referrer : '';
  const all = new URLSearchParams(`${loc.href}?${landing}?${before}`.replace(/[?#]|&amp;/g, '&'));
  return list.map(n => all.getAll(n).map(s => s.trim()).find(usable)).find(s => s);
}

// Trackers that do not redirect set their click id some seconds after load: RedTrack, Keitaro and
// Binom in a cookie or the URL, Voluum behind a call.  What the visit before had is stale.
const lateClick = () => [() => param(late), ...late.map(n => () => cookie(n)),
  () => sessionStorage.rtkclickid, () => w.dtpCallback.getClickID()
].map(go).find(s => usable(s) && s != v.old);

function hash(s) {
  return [257, 251].map(k => {
    let h = 7;
    for (const c of s) h = (h * k + c.codePointAt(0)) % 35046933135337;
    return h.toString(36);
  }).join('');
}

// ---- the visit, kept in a cookie and in localStorage: either may fail, the newer one counts ----

const stored = () => [() => localStorage[KEY], () => cookie(KEY)]
  .map(get => go(() => JSON.parse(get())) || {})
  .filter(o => usable(o.id) && Array.isArray(o.fired) && o.seen > Date.now() - 28 * 864e5)
  .sort((a, b) => b.seen - a.seen)[0] || v || { fired: [] };

function write(s) {
  go(() => s ? localStorage[KEY] = s : localStorage.removeItem(KEY));
  go(() => d.cookie = `${KEY}=${enc(s)};path=/;SameSite=Lax;max-age=${s ? 28 * 86400 : 0}` +
    (loc.protocol == 'https:' ? ';Secure' : ''));
}

function keep() {
  v.seen = Date.now();
  v.fired = v.fired.slice(-40);
  write(JSON.stringify(v));
}

// A new ttclid is a new visit; so is a new click id, unless a ttclid of this half hour goes on.
function findVisit() {
  const ttclid = param(['ttclid']), click = param(names), id = param(['event_id']), last = stored();
  const same = ttclid ? last.ttclid == ttclid : id ? last.id == id : !click || last.click == click ||
    (last.ttclid || !last.click) && last.seen > Date.now() - 18e5;
  const own = click && click.length > 7 && click;
  v = same && last.id ? last : {
    // Made of the ids, so that it is the same on every host, in every tab and without storage.  The
    // click id itself is what the server takes when this page's registration never reaches it; a
    // short one (?c=blue) may be many visitors'.
    id: id || (own && /^[\w-]*[a-z][\w-]*$/i.test(own) ? own
      : 'ev-' + hash(ttclid || own || Math.random() + '' + Math.random())),
    old: last.click, fired: last.fired
  };
  if (ttclid) v.ttclid = ttclid;
  if (click) v.click = click;
  keep();
}

// ---- what goes out ----

// The server merges what is said twice, and a page never overwrites what was said before.
const register = safe(() => {
  const says = [['click_id', v.click], ['ttclid', v.ttclid], ['event_id', v.id],
    ['ttp', cookie('_ttp')], ['consent', agreed && (conf.consentValue || 1)]].filter(p => p[1]);
  const what = hash(says.join());
  if (!(v.click || v.ttclid) || tried == what || v.sent == what) return;
  tried = what;
  says.push(['page_url', landing.split('#')[0]], ['referrer', d.referrer]);
  const url = el.src.replace(/\/lander\.js.*/, '/click/') + enc(conf.offer);
  const body = new URLSearchParams(says), done = s => { v.sent = s; keep(); };
  // What becomes of a beacon nobody learns: the next page says it again, by fetch.
  if (v.sent != what + '?' && go(() => navigator.sendBeacon(url, body))) done(what + '?');
  else fetch(url, { method: 'POST', body, keepalive: true, credentials: 'omit' })
    .then(r => r.ok && done(what)).catch(() => 0);
});

// What a link or form to the tracker or the offer carries on.
const handed = () => [['ttclid', v.ttclid], [names[0], v.click], ['event_id', v.id]].filter(p => p[1]);
const listed = u => hosts.includes(u.hostname) || hosts.includes(u.host);

const decorate = url => go(() => {
  const u = new URL(url, d.baseURI), add = handed().filter(p => !u.searchParams.has(p[0]));
  if (!listed(u) || !add[0]) return url;
  u.search += (u.search && '&') + add.map(p => p.map(enc).join('=')).join('&');
  return u.href;
}) || url;

const sweep = safe(() => {
  for (const a of d.links) {
    const url = decorate(a.href);
    if (url != a.href) a.href = url;
  }
  [...d.forms].forEach(safe(f => listed(new URL(f.getAttribute('action') || '', d.baseURI)) &&
    handed().forEach(([name, value]) => new FormData(f).has(name) ||
      f.append(Object.assign(d.createElement('input'), { type: 'hidden', name, value })))));
});

const ask = (list, props, part) =>
  words(list).forEach(n => queue.push([n, go(() => JSON.parse(props)), part]));

// The same (event, event_id) goes to the pixel once.  What the pixel did not take may try again.
const flush = safe(() => {
  if (v && w.ttq.track) for (const [name, props, part] of queue.splice(0)) go(() => {
    const event_id = v.id + (part ? '.' + part : ''), key = name + ' ' + event_id;
    if (v.fired.concat(stored().fired).includes(key)) return;
    w.ttq.track(name, props || {}, { event_id });
    v.fired.push(key);
    keep();
  });
});

function tick() {
  if (agreed == null && w.clickbatonConsent != null) consent(w.clickbatonConsent);
  if (!v || ticks-- < 1) return;
  v.click = v.click || lateClick();
  register();
  flush();
  sweep();
}

// A new path is a new view (in the fragment, too, where a router uses it); a new query is none, since
// trackers write there.
const route = safe(() => {
  const now = loc.host + loc.pathname + (/^#[!/][^?]*/.exec(loc.hash) || '');
  if (!v || now == view) return;
  view = now;
  tried = '';
  ask(conf.pageEvent, conf.pageProps, 'v' + hash(view));
  ticks = 30;
  tick();
});

const start = safe(() => {
  findVisit();
  ask(conf.event, conf.props);
  view = '';
  route();
});

// What is no clear yes is a no.
const consent = safe(yes => {
  agreed = /^(1|true|yes|granted)$/.test(yes);
  if (agreed) return start();
  v = null;
  queue.length = 0;
  write('');
});

// ---- what the page may call, and what wakes the script ----

w.clickbaton = {
  id: () => v ? v.id : '',
  track: safe((name, props, txid) => {
    if (agreed !== false) queue.push([name, props, `${txid || ''}`.trim()]);
    flush();
  }),
  consent, decorate
};
['pushState', 'replaceState'].forEach(safe(n => {
  const own = history[n];
  history[n] = function () { setTimeout(route); return own.apply(this, arguments); };
}));
const on = (n, f) => w.addEventListener(n, f, true);
on('popstate', () => setTimeout(route));
on('pageshow', e => e.persisted && v && start());
['mousedown', 'touchstart', 'click', 'submit'].forEach(n => on(n, sweep));
setInterval(tick, 500);
tick();
// A page that a browser prepares in advance is none that anybody has seen.
if (agreed == null && !conf.consent) d.prerendering ? on('prerenderingchange', start) : start();
})(window, document, location);
