// The page: who may see it, what is on top, which view is shown, and the keys.
import './style.css';
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Alerts } from './alerts.jsx';
import { login, logout, refreshAlerts, refreshState, start } from './api.js';
import { Chain } from './chain.jsx';
import { Conversion } from './conversion.jsx';
import { zone } from './format.js';
import { Health } from './health.jsx';
import { Live } from './live.jsx';
import { address, alerts, arrived, back, banners, go, help, link, parse, route, server, session, setTheme, theme, toast } from './state.js';
import { Trace } from './trace.jsx';
import { Dialog, Icon, Text, Wait, When, plain } from './ui.jsx';

const VIEWS = { __proto__: null, live: ['Live', Live, 'l'], health: ['Health', Health, 'h'], alerts: ['Alerts', Alerts, 'a'], chain: ['Chain', Chain, 'c'] };
const OTHERS = { __proto__: null, c: ['Conversion', Conversion], trace: ['Search', Trace] };

// ---- the top ----

const LINK = { live: 'live', connecting: 'connecting', cut: 'stream cut', resting: 'resting' };
const THEMES = ['auto', 'light', 'dark'];

function Top() {
  const at = route.value.view, box = useRef();
  const [text, setText] = useState(route.value.query.id || '');
  useEffect(() => { if (at === 'trace') setText(route.value.query.id || ''); }, [route.value]);
  const here = at === 'c' || at === 'trace' ? '' : at;
  const firing = alerts.value?.active?.filter(a => a.state !== 'pending').length || 0, errors = banners.value.filter(b => b.level === 'error').length;
  const badge = Math.max(firing + banners.value.filter(b => b.kind !== 'alert' && b.level === 'error').length, errors);
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % 3];
  return <header class="top">
    <a class="brand" href="#/live" aria-label="clickbaton, live list"><svg viewBox="0 0 20 20" aria-hidden="true"><rect width="20" height="20" rx="5" /><rect class="rod" x="3.5" y="8" width="13" height="4" rx="2" transform="rotate(-35 10 10)" /></svg><span>clickbaton</span></a>
    <nav aria-label="Views">{Object.entries(VIEWS).map(([k, v]) => <a href={`#/${k}`} aria-current={here === k ? 'page' : undefined}>{v[0]}{k === 'alerts' && badge > 0 && <span class="badge">{badge}<span class="sr"> things need attention</span></span>}</a>)}</nav>
    <form class="find" role="search" onSubmit={e => { e.preventDefault(); if (text.trim()) go(address('trace', { id: text.trim() })); box.current.blur(); }}>
      <Icon name="search" /><input ref={box} id="find" type="search" aria-label="Search by any id" placeholder="Any id: click, ttclid, event, transaction" autocomplete="off" spellcheck={false} maxLength={2000} value={text} onInput={e => setText(e.currentTarget.value)} />
      <kbd aria-hidden="true">/</kbd></form>
    <span class={`link is-${link.value.state}`} role="status" title={`live stream: ${LINK[link.value.state]}`}><i aria-hidden="true" /><span>{LINK[link.value.state]}</span></span>
    <button class="mini" aria-label={`Colours: ${theme.value}. Switch to ${next}`} title={`Colours: ${theme.value}`} data-key="t" onClick={() => setTheme(next)}><Icon name={theme.value} /></button>
    <button class="mini" aria-label="Keys and help" title="Keys and help" onClick={() => { help.value = true; }}><Icon name="help" /></button>
  </header>;
}

function Banners() {
  return <div class="banners" role="region" aria-label="Notices">{banners.value.map(b => <p key={b.kind + b.text} class={`banner ${b.level === 'warning' ? 'warning' : 'error'}`} role="alert"><Icon name="quarantined" />
    <span><Text value={b.text} max={600} /></span>{b.since && <span class="since"><When t={b.since} short /></span>}{b.kind === 'alert' && <a href="#/alerts">Alerts</a>}</p>)}</div>;
}

const KEYS = [['/', 'search by any id'], ['j  k', 'next, previous row (also on an opened conversion)'], ['Enter', 'open the row'], ['Esc', 'back, or close'], ['p', 'pause the live list, go on'],
  ['g l', 'live list'], ['g h', 'signal health'], ['g a', 'alerts'], ['g c', 'chain'], ['t', 'colours: as the system, light, dark'], ['?', 'this help']];

function Help() {
  return <Dialog label="Keys and help" onClose={() => { help.value = false; }}>
    <table class="keys"><tbody>{KEYS.map(([k, text]) => <tr><th scope="row">{k.split(/ +/).map(x => <kbd>{x}</kbd>)}</th><td>{text}</td></tr>)}</tbody></table>
    <p class="dim">Times are those of your time zone, {zone}; every time shows UTC at the pointer. The address of a view can be sent to a colleague or kept as a bookmark. The same in a terminal: <code>clickbaton trace ID</code>, <code>tail</code>, <code>report</code>.</p>
    <footer><span class="dim grow">clickbaton {plain(server.value?.version)}</span><button class="button" onClick={() => { help.value = false; server.value = null; logout(); }}>Log out</button></footer>
  </Dialog>;
}

// Why nobody is in: a link that is not valid any more, a session that is over.
let barred = null;
session.subscribe(state => { if (state === 'closed' && server.value) barred = new Error('You are logged out: the session is over, or the server was started anew.'); });

function Login() {
  const [state, set] = useState({ error: barred });
  const [password, setPassword] = useState('');
  const enter = e => {
    e.preventDefault();
    set({ busy: true });
    login({ password }).then(open, error => set({ error }));
  };
  return <main class="login" id="main"><form onSubmit={enter}><h1>clickbaton inspector</h1>
    <p>Run <code>clickbaton inspect</code> on the server and open the address that it prints. Or, if the configuration has a password for the inspector:</p>
    <input type="text" name="username" value="inspector" autocomplete="username" class="sr" tabIndex={-1} aria-label="User" readOnly />
    <label>Password<input type="password" autocomplete="current-password" required value={password} onInput={e => setPassword(e.currentTarget.value)} /></label>
    {state.error && <p class="bad" role="alert">{plain(state.error.message)}</p>}
    <button class="button primary" disabled={state.busy}>Log in</button></form></main>;
}

// ---- keys ----

const typing = el => el && (/^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName) || el.isContentEditable);
let leader = 0;

function move(by) {
  const rows = [...document.querySelectorAll('a.open')];
  if (!rows.length) return false;
  const i = rows.indexOf(document.activeElement);
  const to = rows[i < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, i + by))];
  to.focus();
  to.scrollIntoView({ block: 'nearest' });
  return true;
}

const press = key => { const el = document.querySelector(`[data-key="${key}"]`); if (!el || el.disabled) return false; el.click(); return true; };

function keys(e) {
  if (e.ctrlKey || e.metaKey || e.altKey || session.value !== 'open') return;
  if (document.querySelector('dialog[open]')) return;
  if (typing(e.target)) {
    if (e.key === 'Escape') e.target.blur();
    return;
  }
  if (Date.now() - leader < 1200) {
    const view = Object.keys(VIEWS).find(v => VIEWS[v][2] === e.key);
    leader = 0;
    if (view) { e.preventDefault(); go(`#/${view}`); return; }
  }
  let done = true;
  if (e.key === '/') { document.getElementById('find')?.focus(); document.getElementById('find')?.select(); }
  else if (e.key === '?') help.value = true;
  else if (e.key === 'g') leader = Date.now();
  else if (e.key === 'j') done = route.value.view === 'c' ? press('j') : move(1);
  else if (e.key === 'k') done = route.value.view === 'c' ? press('k') : move(-1);
  else if (e.key === 'p' || e.key === 't') done = press(e.key);
  else if (e.key === 'Escape' && !e.defaultPrevented) done = route.value.view === 'c' || route.value.view === 'trace' ? (go(route.value.view === 'c' ? back : '#/live'), true) : (document.activeElement?.blur(), true);
  else done = false;
  if (done) e.preventDefault();
}

// ---- the whole ----

function App() {
  const r = route.value, view = VIEWS[r.view] || OTHERS[r.view] || VIEWS.live, View = view[1];
  const first = useRef(true), from = useRef('');
  useEffect(() => {
    document.title = `${r.view === 'c' ? `postback ${plain(r.id).slice(0, 20)}` : r.view === 'trace' ? plain(r.query.id || 'search').slice(0, 60) : view[0].toLowerCase()} · clickbaton`;
    if (first.current) { first.current = false; from.current = r.view; return; }
    if (from.current === 'c' && r.view !== 'c') requestAnimationFrame(() => document.querySelector(`[data-row="${lastOpened}"]`)?.focus());
    else if (from.current !== r.view || r.view === 'c') { window.scrollTo({ top: 0 }); document.querySelector('h1')?.focus({ preventScroll: true }); }
    from.current = r.view;
  }, [r]);
  if (r.view === 'c') lastOpened = r.id;
  if (session.value === 'closed') return <Login />;
  return <>
    <a class="skip" href="#main" onClick={e => { e.preventDefault(); document.getElementById('main').focus(); }}>Skip to the content</a>
    <Top /><Banners />
    <main id="main" tabIndex={-1} class={`view-${VIEWS[r.view] || OTHERS[r.view] ? r.view : 'live'}`}>{session.value === 'open' ? <View /> : <Wait what="Asking the server" />}</main>
    {help.value && <Help />}
    {toast.value && <div class={`toast${toast.value.bad ? ' bad' : ''}`} role="status">{plain(toast.value.text)}</div>}
  </>;
}
let lastOpened = '';

async function open() {
  for (let pause = 1000; ; pause = Math.min(pause * 2, 10000)) {
    try {
      await refreshState();
      break;
    } catch (e) {
      if (session.value === 'closed') return;
      if (link.value.state !== 'cut') link.value = { state: 'cut', since: Date.now() };
      await new Promise(r => setTimeout(r, pause));
    }
  }
  start();
  refreshAlerts().catch(() => {});
}

async function begin() {
  setTheme(theme.value);
  const token = /^#token=([^&]+)/.exec(location.hash);
  if (token) {
    history.replaceState(null, '', '#/live'); // not in the history, not in a screenshot
    await login({ token: token[1] }).catch(e => { barred = e; });
  }
  route.value = parse(location.hash);
  addEventListener('hashchange', arrived);
  addEventListener('popstate', arrived);
  addEventListener('keydown', keys);
  setInterval(() => document.hidden || session.value !== 'open' || refreshAlerts().catch(() => {}), 60000);
  render(<App />, document.getElementById('app'));
  open();
}

begin();
