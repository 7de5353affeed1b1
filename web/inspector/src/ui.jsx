// Small parts that every view uses.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import codes from 'virtual:codes';
import { ago, moment } from './format.js';
import { UNSEEN, cut, mark, plain } from './plain.js';
import { say } from './state.js';
export { plain };

// ---- text from outside ----

function Marked({ text }) {
  const parts = [];
  let from = 0;
  for (const m of text.matchAll(UNSEEN)) {
    parts.push(text.slice(from, m.index), <span class="unseen">{mark(m[0])}</span>);
    from = m.index + m[0].length;
  }
  return from ? [...parts, text.slice(from)] : text;
}

// Any text that somebody else wrote.  max: characters shown until it is asked for more.
export function Text({ value, max = 400 }) {
  const [all, setAll] = useState(false);
  const text = String(value ?? '');
  if (text.length <= max || max === Infinity) return <bdi class="said"><Marked text={text} /></bdi>;
  return <bdi class="said">
    <Marked text={all ? text : cut(text, Math.floor(max * 0.8))} />{' '}
    <button class="more" onClick={() => setAll(!all)}>
      {all ? 'show less' : `show all ${text.length.toLocaleString('en-US')} characters`}</button>
  </bdi>;
}

// One line of it, cut where the column ends.
export const Line = ({ value, max = 200 }) => {
  const text = String(value ?? '');
  return <bdi class="line" title={plain(cut(text, 1000))}><Marked text={cut(text, max)} /></bdi>;
};

// ---- signs ----

const PATHS = {
  __proto__: null,
  queued: 'M3 8h9M8.5 4.5 12 8l-3.5 3.5',
  duplicate: 'M5.5 5.5h7v7h-7zM3.5 10.5v-7h7',
  ignored: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM5.5 8h5',
  quarantined: 'M8 2.8 14 13H2zM8 6.8v2.7M8 11.3v.1',
  delivered: 'M3.5 8.5 6.5 11.5 12.5 4.8',
  dead: 'M4 4l8 8M12 4l-8 8',
  waiting: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 5v3.2l2 1.3',
  withdrawn: 'M12.5 8h-9M7 4.5 3.5 8 7 11.5',
  search: 'M7 2.7a4.3 4.3 0 1 0 0 8.6 4.3 4.3 0 0 0 0-8.6zM10.2 10.2l3.3 3.3',
  copy: 'M5.5 5.5h7v7h-7zM3.5 10.5v-7h7',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.3v9.4L12.4 8z',
  close: 'M4 4l8 8M12 4l-8 8',
  back: 'M9.5 3.5 5 8l4.5 4.5',
  next: 'M6.5 3.5 11 8l-4.5 4.5',
  help: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM6.3 6.4c.1-2 3.4-2 3.4 0 0 1.2-1.7 1.3-1.7 2.5M8 11v.1',
  auto: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 2.5v11M8 4.5h3.5M8 6.8h5M8 9.2h5M8 11.5h3.5',
  light: 'M8 5.3a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9',
  dark: 'M12.9 9.6A5.4 5.4 0 0 1 6.4 3.1a5.4 5.4 0 1 0 6.5 6.5z',
  again: 'M12.8 8a4.8 4.8 0 1 1-1.5-3.5M12.8 2.5v2.7h-2.7',
  send: 'M2.5 8 13.5 3l-3 10-3-3.7zM7.5 9.3 13.5 3',
  check: 'M3.5 8.5 6.5 11.5 12.5 4.8',
  link: 'M6.5 9.5l3-3M7 4.8l1.2-1.2a2.6 2.6 0 0 1 3.7 3.7L10.7 8.5M9 11.2l-1.2 1.2a2.6 2.6 0 0 1-3.7-3.7L5.3 7.5'
};
export const Icon = ({ name }) => <svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d={PATHS[name] || PATHS.help} /></svg>;

export const Verdict = ({ verdict }) =>
  <span class={`verdict v-${known(verdict)}`}><Icon name={verdict} />{plain(verdict).slice(0, 20)}</span>;
const known = v => PATHS[v] ? v : 'other';

const STATES = { __proto__: null, waiting: 'waiting', sending: 'waiting', delivered: 'delivered', dead: 'dead', withdrawn: 'withdrawn' };
const WORDS = { __proto__: null, waiting: 'on its way', sending: 'on its way', delivered: 'delivered', dead: 'refused', withdrawn: 'withdrawn' };
export const State = ({ state, children }) =>
  <span class={`state s-${STATES[state] || 'waiting'}`}><Icon name={STATES[state] || 'waiting'} />{children ?? WORDS[state] ?? plain(state).slice(0, 20)}</span>;

// ---- codes ----

const row = code => Object.hasOwn(codes, code) ? codes[code] : [];
export const title = code => row(code)[0] || '';
export const remedy = code => row(code)[1] || '';
export const known_codes = Object.keys(codes);
export const Code = ({ code }) => code
  ? <abbr class={`code k-${/^[A-Z]/.test(code) ? code[0] : 'other'}`}
    title={title(code) ? `${title(code)}. ${remedy(code)}` : plain(code)}>{plain(code).slice(0, 12)}</abbr> : null;

// ---- the rest ----

export function Copy({ text, children, label, class: c = 'button', what }) {
  const [done, setDone] = useState(false);
  const copy = async e => {
    e.preventDefault();
    try {
      await clipboard(text);
      setDone(true);
      setTimeout(() => setDone(false), 1500);
      say(`${what || 'It'} is in the clipboard`);
    } catch (x) { say('The browser does not let this page write into the clipboard', true); }
  };
  return <button class={c} onClick={copy} aria-label={label} title={label}><Icon name={done ? 'check' : 'copy'} />{children}</button>;
}

// Over http on another host than loopback there is no navigator.clipboard.
async function clipboard(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = Object.assign(document.createElement('textarea'), { value: text });
  document.body.append(area);
  area.select();
  const ok = document.execCommand('copy');
  area.remove();
  if (!ok) throw new Error('refused');
}

export const Id = ({ name, value }) => value ? <span class="id"><span class="dim">{name}</span>
  <Line value={value} max={120} /><Copy text={value} class="mini" label={`Copy ${name}`} what={name} /></span> : null;

export const When = ({ t, short }) => <time dateTime={t} title={`${moment(t)} · ${t}`}>{short ? ago(t) : moment(t)}</time>;

export const Problem = ({ error, retry }) => error ? <div class="problem" role="alert">
  <Icon name="quarantined" /><p>{plain(error.message || error)}</p>{retry && <button class="button" onClick={retry}>Try again</button>}</div> : null;

export const Nothing = ({ children }) => <div class="nothing">{children}</div>;
export const Wait = ({ what }) => <div class="wait" role="status"><span class="dots" aria-hidden="true"><i /><i /><i /></span>{what}</div>;

export function Choice({ label, value, options, onChange, any }) {
  return <label class={`choice${value ? ' set' : ''}`}><span>{label}</span>
    <select aria-label={label} value={value || ''} onChange={e => onChange(e.currentTarget.value)}>
      {any && <option value="">{any}</option>}
      {options.map(o => { const [v, text] = Array.isArray(o) ? o : [o, o]; return <option value={v}>{plain(text)}</option>; })}
    </select></label>;
}

export function Segments({ label, value, options, onChange }) {
  return <div class="segments" role="group" aria-label={label}>
    {options.map(([v, text]) => <button aria-pressed={v === value} onClick={() => onChange(v)}>{text}</button>)}
  </div>;
}

// A modal dialog; Esc and the backdrop close it, the focus goes back to where it was.
export function Dialog({ label, onClose, children, wide }) {
  const ref = useRef();
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog.showModal();
    return () => dialog.close(); // which gives the focus back
  }, []);
  return <dialog ref={ref} aria-label={label} class={wide ? 'wide' : ''} onCancel={e => { e.preventDefault(); onClose(); }}
    onClick={e => e.target === ref.current && onClose()}>
    <div class="sheet"><header><h2>{label}</h2>
      <button class="mini" aria-label="Close" onClick={onClose}><Icon name="close" /></button></header>{children}</div>
  </dialog>;
}

// What the server says about something; again() asks anew.
export function useAnswer(ask, inputs) {
  const [state, set] = useState({ loading: true });
  const [turn, again] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    set(s => ({ ...s, loading: true }));
    ask(stop.signal).then(value => set({ value, loading: false, at: Date.now() }),
      error => error.name !== 'AbortError' && set(s => ({ value: s.value, error, loading: false })));
    return () => stop.abort();
  }, [...inputs, turn]);
  return { ...state, again: () => again(n => n + 1) };
}

export const Section = ({ title: heading, aside, children, class: c = '' }) =>
  <section class={`card ${c}`}><header><h2>{heading}</h2>{aside && <div class="aside">{aside}</div>}</header>{children}</section>;
