// make web-control: the page broken on purpose, one place at a time.  A check that does not notice is a defect.
// Each row: the area, the file, what to replace by what, and the checks of which one at least must fail.
'use strict';

const list = [
  // what others wrote
  ['text taken for HTML', 'ui.jsx', 'return from ? [...parts, text.slice(from)] : text;', 'return <span dangerouslySetInnerHTML={{ __html: text }} />;', /^hostile: html/],
  ['unseen characters shown raw', 'ui.jsx', 'for (const m of text.matchAll(UNSEEN))', 'for (const m of [])', /^hostile: escapes|can not be seen/],
  ['unseen characters raw in titles', 'plain.js', ".replace(UNSEEN, c => `‹${mark(c)}›`)", '', /^hostile: escapes/],
  ['long values not cut', 'ui.jsx', 'if (text.length <= max || max === Infinity)', 'if (true)', /a long value/],
  ['long lines not cut', 'style.css', 'overflow: hidden; text-overflow: ellipsis; white-space: pre; vertical-align: bottom;', 'white-space: pre;', /^hostile: (html|long)/],
  ['long words not broken', 'style.css', '.said { unicode-bidi: isolate; overflow-wrap: anywhere; white-space: pre-wrap; }', '.said { overflow-wrap: normal; white-space: pre; } body { overflow-wrap: normal !important; }', /^hostile: long/],
  ['frames that are no JSON', 'api.js', 'try { return JSON.parse(e.data); } catch (x) { return null; }', 'return JSON.parse(e.data);', /frames that are no JSON/],
  ['a broken escape in the address', 'state.js', 'try { return decodeURIComponent(text); } catch (e) { return text; }', 'return decodeURIComponent(text);', /hostile id/],
  // the list
  ['the oldest first', 'rows.js', 'sort((a, b) => b.id - a.id)', 'sort((a, b) => a.id - b.id)', /comes in on top/],
  ['filters forgotten by live rows', 'rows.js', '&& fits(r, f)', '', /comes in on top/],
  ['filters not in the question', 'rows.js', "get('conversions', { ...f, limit: PAGE, before }, signal)", "get('conversions', { limit: PAGE, before }, signal)", /filter (offer|verdict|code)/],
  ['filters not in the address', 'live.jsx', "go(address('live', next));", '', /filter offer/],
  ['pause that holds nothing', 'rows.js', 'const reading = () => now.paused || window.scrollY > 240;', 'const reading = () => window.scrollY > 240;', /^live: pause/],
  ['the reader pushed away', 'rows.js', '|| window.scrollY > 240', '', /further down/],
  ['the same page again', 'rows.js', 'page(f, state.next)', 'page(f)', /older pages/],
  ['a list without an end', 'rows.js', 'rows.length > most ?', 'false ?', /a flood/],
  ['a hole behind what was cut off', 'rows.js', ', next: rows[most - 1].id', '', /no hole/],
  ['a flood breaks the pause', 'rows.js', 'if (now.stale && still) {', 'if (false) {', /held in a flood/],
  ['what waits without an end', 'rows.js', 'if (map.size <= MOST) return;', 'return;', /held in a flood/],
  ['asked at every skip', 'rows.js', '&& !now.resting', '', /once a second/],
  ['nothing fits in the newest', 'rows.js', 'if (a.rows.length || !a.next || looks <= 0) return a;', 'return a;', /further back/],
  ['rare rows lost in a flood', 'rows.js', 'near && a.next && a.rows.length < PAGE && s.rows.length', 'false', /further back/],
  ['healthy whatever comes', 'pulse.jsx', 'if (!list.length) return', 'if (true) return', /what is wrong stands first/],
  ['bars that go to the left', 'chart.jsx', 'gap = Math.min(3, wide * 0.14);', 'gap = Math.min(3, Math.max(1, wide * 0.14));', /thin bars/],
  ['the days of the browser', 'chart.jsx', '`${day(t * 1000)} (UTC)`', '`${date(t * 1000)} (UTC)`', /days of UTC/],
  ['an old link without a word', 'main.jsx', '.catch(e => { barred = e; })', '.catch(() => {})', /an old token/],
  ['a hostile number in the title', 'main.jsx', 'plain(r.id).slice(0, 20)', 'r.id', /hostile id/],
  ['changed events not shown', 'live.jsx', 'return next.row !== this.props.row', 'return false', /changed in its place/],
  ['a cut stream not told', 'api.js', "if (link.value.state !== 'cut') link.value = { state: 'cut', since: Date.now() };\n}", '}', /stream is cut/],
  ['what was missed is not asked for', 'api.js', "if (was !== undefined && link.value.state !== 'live') tell('again');", '', /stream is cut/],
  ['skipped not heard', 'api.js', "source.addEventListener('skipped', () => tell('skipped'));", '', /too much to follow/],
  ['latency from another field', 'live.jsx', '{span(e.latency_ms)}', '{span(e.id)}', /^live: every column/],
  // keys
  ['k goes down', 'main.jsx', "press('k') : move(-1)", "press('k') : move(1)", /^keys: j, k/],
  ['keys work while typing', 'main.jsx', 'if (typing(e.target)) {', 'if (false) {', /^keys: \/ searches/],
  ['the focus is lost', 'main.jsx', "document.querySelector(`[data-row=\"${lastOpened}\"]`)?.focus()", 'null', /^keys: j, k/],
  ['no sign of the focus', 'style.css', ':focus-visible { outline: 2px solid var(--accent);', ':focus-visible { outline: none;', /shows where the focus is/],
  ['colours not kept', 'state.js', "localStorage.setItem('clickbaton-theme', name);", '', /^keys: p pauses/],
  // one conversion
  ['differences not marked', 'lines.js', "else { whole(out, '-', depth, key, a, last); whole(out, '+', depth, key, b, last); }", "else whole(out, ' ', depth, key, b, last);", /makes otherwise/],
  ['replayed without trying', 'replay.jsx', 'replay(what, true)', 'replay(what, false)', /^conversion: (quarantined|a replay)/],
  ['the ids copied cut', 'ui.jsx', 'await clipboard(text);', 'await clipboard(text.slice(0, 100));', /^conversion: copied/],
  ['provenance of another field', 'conversion.jsx', "if (v.from === 'param') (used[v.name] ||= []).push(f);", '', /where each field comes from/],
  ['the last try alone', 'conversion.jsx', '<ol>{e.attempts.map(', '<ol>{e.attempts.slice(-1).map(', /where each field comes from/],
  ['words that YAML reads otherwise', 'conversion.jsx', 'plainWord.test(word) ? word : JSON.stringify(word)', 'word', /YAML would read/],
  ['advice for what is mended', 'conversion.jsx', "&& !/^Q/.test(code) &&", '&&', /what was replayed/],
  ['what it was left out of its story', 'trace.jsx', "filter(w => /^Q/.test(w.code))", 'filter(() => false)', /what was replayed/],
  // health
  ['sums of the first offer alone', 'tally.js', 'for (const o of answer.offers) {', 'for (const o of answer.offers.slice(0, 1)) {', /figures of 24 hours/],
  ['events not told apart', 'tally.js', 'if (!event || e.event === event)', '', /one event/],
  ['percentiles of the bucket below', 'format.js', 'const low = i ? BOUNDS[i - 1] : 0;', 'const low = i > 1 ? BOUNDS[i - 2] : 0;', /figures of 24 hours/],
  ['bars from the bottom each', 'chart.jsx', 'const low = y(base[i]), high = Math.min(y(base[i] + v), low - 1.2);', 'const low = y(0), high = Math.min(y(base[i] + v), low - 1.2);', /bars are as high/],
  ['the tooltip of the hour after', 'chart.jsx', '/ (right - left) * p.t.length);', '/ (right - left) * p.t.length) + 1;', /the pointer shows/],
  ['coverage of all that came', 'health.jsx', 'const n = total(s.keys[k] || []), p = n / put;', 'const n = total(s.keys[k] || []), p = n / total(s.received);', /^health: coverage/],
  ['reasons not ranked', 'tally.js', '.sort((a, b) => weight(b) - weight(a))', '', /reasons, warnings/],
  // alerts, chain, session
  ['no banners', 'main.jsx', '<Top /><Banners />', '<Top />', /red banner/],
  ['the cross at the hop after', 'chain.jsx', "transform={flip ? `translate(${cross} ${at(i + 1)})` : `translate(${at(i + 1)} ${cross})`}", "transform={flip ? `translate(${cross} ${at(i + 2)})` : `translate(${at(i + 2)} ${cross})`}", /where the baton drops/],
  ['a lost id drawn as kept', 'chain.jsx', 'const BAD = { __proto__: null, lost: 1,', 'const BAD = {', /where the baton drops/],
  ['the token stays in the address', 'main.jsx', "history.replaceState(null, '', '#/live');", '', /the token of the address/],
  ['a stream after logging out', 'api.js', "if (state !== 'closed') return;", 'return;', /^session: log out/],
  // looks
  ['a table too wide for a phone', 'style.css', '.list, .list tbody { display: block; }', '.list { min-width: 70rem; }', /^layout: live/],
  ['grey on grey', 'style.css', '--dim: light-dark(#596272, #98a2b3);', '--dim: light-dark(#a3abb8, #5a6270);', /^layout: (live|login)/],
  ['a button without a name', 'main.jsx', 'aria-label="Keys and help" title="Keys and help"', '', /^layout: live/],
  ['motion for everybody', 'style.css', '@media (prefers-reduced-motion: reduce)', '@media (min-width: 99999px)', /less motion/],
  ['red and green alone', 'style.css', '--dead: light-dark(#cf4a14, #f2703f);', '--dead: light-dark(#bc6679, #f2703f);', /no red or no green/],
  ['the switch does nothing', 'style.css', ':root[data-theme="light"] { color-scheme: light; }', '', /light and dark follow/]
];

module.exports = list.map(([area, file, from, to, checks]) => ({ area, file, from, to, checks }));
