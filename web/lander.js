// clickbaton's landing script: one event_id per visit, for TikTok's pixel and for the server.
// docs/lander.md tells how to use it.  Served without these comments and the indentation: a comment
// has its line to itself, and no text spans lines.  Nothing in here may throw into the page.
(function (w, d, loc) {
'use strict';
let el = d.currentScript;
if (!el || !el.dataset.offer) el = d.querySelector('script[data-offer]');
if (!el || w.clickbaton) return;

const conf = el.dataset, KEY = 'clickbaton', page = loc.href, queue = [], enc = encodeURIComponent,
  words = s => (s || '').match(/\S+/g) || [],
  names = words(conf.clickId || 'click_id clickid subid cid cnv_id vl_clickid'),
  late = names.concat(words('rtkcid rtkclickid-store _subid bcid')),
  hosts = words(conf.decorate),
  safe = f => (...a) => { try { return f(...a); } catch (e) {} },
  go = f => safe(f)();

// The visit {id, ttclid, click, old, fired, sent, seen}; the visitor's decision; the registration
// that this page has tried; the view that was counted; how long to go on looking.
let v, yes, tried, view, ticks;

// ---- what comes in ----

// Whole or not at all (a ttclid has up to 1,000 characters), and no macro that nobody filled.
const good = s =>
    /^(?!__.+__$|[[{<#%$]|(undefined|null|replace|optional)$)[^\x00-\x1f\x7f]{1,1000}$/i.test(s),
  cookie = n => go(() => decodeURIComponent(`; ${d.cookie}`.split(`; ${n}=`)[1].split(';')[0]));

// Also behind '#' or a second '?', after "&amp;", and from the page before on this host.
function param(list) {
  const all = new URLSearchParams([loc.href, page, d.referrer.split('/')[2] == loc.host && d.referrer]
    .join('?').replace(/[?#]|&amp;/g, '&'));
  return list.map(n => all.getAll(n).map(s => s.trim()).find(good)).find(s => s);
}

const hash = s => [257, 251].map(k => [...s]
  .reduce((h, c) => (h * k + c.codePointAt(0)) % 35046933135337, 7).toString(36)).join('');

// ---- the visit, kept in a cookie and in localStorage: either may fail, the newer one counts ----

const age = o => Date.now() - o.seen,
  stored = () => [() => localStorage[KEY], () => cookie(KEY)].map(get => go(() => JSON.parse(get())) || {})
    .filter(o => [o.id, o.ttclid || 1, o.click || 1].every(good) && Array.isArray(o.fired) &&
      age(o) < 24192e5 && age(o) > -864e5)
    .sort((a, b) => b.seen - a.seen)[0] || v || { fired: [] };

// Browsers ignore a cookie over 4,096 bytes, and the old one would stay.
function write(s) {
  go(() => s ? localStorage[KEY] = s : delete localStorage[KEY]);
  go(() => {
    const o = s && JSON.parse(s);
    while (enc(s).length > 3799) s = o.fired.shift() ? JSON.stringify(o) : '';
    d.cookie = `${KEY}=${enc(s)};path=/;SameSite=Lax;max-age=${s ? 2419200 : 0}` +
      (loc.protocol == 'https:' ? ';Secure' : '');
  });
}

// Another tab may go on with the visit before: its events must not be repeated there.  Its views may,
// under the ids that they had.
function keep() {
  v.seen = Date.now();
  v.fired = v.fired.filter(k => !/\.v/.test(k) || k.includes(v.id)).slice(-40);
  write(JSON.stringify(v));
}

// A new ttclid is a new visit; so is a new click id, unless a ttclid of this half hour goes on.
function visit() {
  const ttclid = param(['ttclid']), click = param(names), id = param(['event_id']), last = stored(),
    same = ttclid ? last.ttclid == ttclid : id ? last.id == id : !click || last.click == click ||
      (last.ttclid || !last.click) && age(last) < 18e5,
    own = /.{8}/.test(click) && click;
  v = same && last.id ? last : {
    // Made of the ids, so that it is the same on every host, in every tab and without storage.  The
    // click id itself is what the server takes when this page's registration never reaches it; a
    // short one (?c=blue) may be many visitors'.
    id: id || /^[\w-]*[a-z][\w-]*$/i.test(own) && own ||
      'ev-' + hash(ttclid || own || Math.random() + '' + Math.random()),
    ttclid, old: last.click, fired: last.fired
  };
  v.click = click || v.click;
  keep();
}

// ---- what goes out ----

// The server merges what is said twice, and a page never overwrites what was said before; but a
// refusal counts, and takes back what was not sent on yet.
const tell = safe(no => {
    const says = [...ids('click_id'), ['ttp', cookie('_ttp')],
      ['consent', no || yes && (conf.consentValue || 1)]].filter(p => p[1]), what = hash(says.join());
    if (!(v.click || v.ttclid) || tried == what || v.sent == what) return;
    tried = what;
    says.push(['page_url', page.split('#')[0]], ['referrer', d.referrer]);
    const url = el.src.replace(/\/lander\.js.*/, '/click/') + enc(conf.offer),
      body = new URLSearchParams(says), done = s => keep(v.sent = s);
    // What becomes of a beacon nobody learns: the next page says it again, by fetch.
    if (v.sent != what + '?' && go(() => navigator.sendBeacon(url, body))) done(what + '?');
    else fetch(url, { method: 'POST', body, keepalive: true, credentials: 'omit' })
      .then(r => r.ok && done(what)).catch(() => 0);
  }),

  // What a link or form to the tracker or the offer carries on.
  ids = (n = names[0]) =>
    [['ttclid', v.ttclid], [n, v.click], ['event_id', v.id]].filter(p => p[1]),
  // From an https page nothing goes to an http link: in the alphabet, http comes before https.
  ours = u =>
    (hosts.includes(u.hostname) || hosts.includes(u.host)) && u.protocol >= loc.protocol,
  decorate = url => go(() => {
    const u = new URL(url, d.baseURI), add = ids().filter(p => !u.searchParams.has(p[0]));
    if (!ours(u) || !add[0]) return url;
    u.search += (u.search && '&') + new URLSearchParams(add);
    return u.href;
  }) || url,
  // A link or a form.  Most are of other hosts, so that is asked first.
  mark = safe(a => {
    const form = a.elements;
    if (!ours(form ? new URL(a.getAttribute('action') || '', d.baseURI) : a)) return;
    if (form) ids().forEach(([name, value]) => form.namedItem(name) ||
      a.append(Object.assign(d.createElement('input'), { type: 'hidden', name, value })));
    else {
      const url = decorate(a.href);
      if (url != a.href) a.href = url;
    }
  }),
  // After a refusal nothing waits for a later yes.
  push = (...call) => yes !== false && queue.length < 99 && queue.push(call),
  ask = (list, props, part) =>
    words(list).forEach(n => push(n, go(() => JSON.parse(props)), part)),
  // The same (event, event_id) goes to the pixel once.  What the pixel did not take may try again.
  flush = safe(() => {
    if (v && w.ttq.track) queue.splice(0).forEach(safe(([name, props, part]) => {
      const event_id = v.id + (part ? '.' + part : ''), key = name + ' ' + event_id;
      if (v.fired.concat(stored().fired).includes(key)) return;
      w.ttq.track(name, props || {}, { event_id });
      v.fired.push(key);
      keep();
    }));
  }),

  tick = () => {
    if (yes == null && w.clickbatonConsent != null) consent(w.clickbatonConsent);
    if (!v || ticks-- < 1) return;
    // Trackers that do not redirect set their click id some seconds after load: RedTrack, Keitaro and
    // Binom in a cookie or the URL, Voluum behind a call.  What the visit before had is stale.
    v.click = v.click || [go(() => param(late)), ...late.map(cookie),
      go(() => sessionStorage.rtkclickid), go(() => w.dtpCallback.getClickID())
    ].find(s => good(s) && s != v.old);
    tell();
    flush();
    go(() => hosts[0] && [...d.links, ...d.forms].forEach(mark));
  },

  // A new path is a new view (in the fragment, too, where a router uses it); a new query is none, since
  // trackers write there.
  route = safe(() => {
    const now = loc.host + loc.pathname + /^#[!/][^?]*|$/.exec(loc.hash);
    if (!v || now == view) return;
    view = now;
    tried = '';
    ask(conf.pageEvent, conf.pageProps, 'v' + hash(view));
    ticks = 30;
    tick();
  }),

  start = safe(() => {
    if (yes === false) return;
    visit();
    ask(conf.event, conf.props);
    view = '';
    route();
  }),

  // What is no clear yes is a no.
  consent = safe(said => {
    yes = !!go(() => /^(1|true|yes|granted)$/.test(said));
    if (yes) return start();
    v = stored();
    tell('denied');
    v = null;
    queue.length = 0;
    write('');
  });

// ---- what the page may call, and what wakes the script ----

w.clickbaton = {
  id: () => v ? v.id : '',
  track: safe((name, props, txid) => {
    push(name, props, `${txid || ''}`.trim());
    flush();
  }),
  consent, decorate
};
['pushState', 'replaceState'].forEach(safe(n => {
  const own = history[n];
  history[n] = (...a) => { setTimeout(route); return own.apply(history, a); };
}));
const on = (list, f) => words(list).forEach(n => w.addEventListener(n, safe(f), true));
on('popstate', () => setTimeout(route));
on('pageshow', e => e.persisted && v && start());
on('mousedown touchstart click submit', e => mark(e.target.closest('a,area,form')));
setInterval(tick, 500);
tick();
// A page that a browser prepares in advance is none that anybody has seen.
if (yes == null && !conf.consent) d.prerendering ? on('prerenderingchange', start) : start();
})(window, document, location);
