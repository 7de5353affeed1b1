// Replay: shows first what it would do, then does it, then says what came of it.
import { useEffect, useState } from 'preact/hooks';
import { replay } from './api.js';
import { count, money } from './format.js';
import { Code, Dialog, Icon, Line, Problem, Verdict, Wait } from './ui.jsx';

const sums = results => {
  const n = {};
  results.forEach(r => { const k = r.left ? 'left alone' : r.verdict; n[k] = (n[k] || 0) + 1; });
  return n;
};

function Result({ r, events }) {
  const made = (r.bodies || []).flatMap(b => b.data || [b]);
  return <li><span class="num dim">{events ? 'event' : 'row'} {r.id}</span>
    {r.left ? <span class="dim"><Line value={`left alone: ${r.left}`} max={300} /></span> : <>
      {r.before && <Code code={r.before} />}{r.before && <Icon name="queued" />}{r.verdict && <Verdict verdict={r.verdict} />}
      <span>{r.code ? <><Code code={r.code} /> <Line value={r.reason} max={300} /></>
        : made.map(d => <Line value={`${d.event} ${money(d.properties?.value, d.properties?.currency)}`} />)}</span></>}
  </li>;
}

export function Replay({ postbacks, events, onClose }) {
  const [state, set] = useState({ step: 'asking' });
  const what = events ? { events } : { postbacks };
  const n = (events || postbacks).length;
  const look = () => {
    set({ step: 'asking' });
    replay(what, true).then(a => set({ step: 'seen', results: a.results }), error => set({ step: 'seen', error }));
  };
  useEffect(look, []);
  const act = () => {
    set(s => ({ ...s, step: 'doing' }));
    replay(what, false).then(a => set({ step: 'done', results: a.results }), error => set(s => ({ ...s, step: 'seen', error })));
  };
  const able = state.results?.filter(r => !r.left).length || 0;
  const close = () => onClose(state.step === 'done');
  const label = events ? (n === 1 ? 'Send the event again' : `Send ${n} events again`) : n === 1 ? 'Replay this postback' : `Replay ${n} postbacks`;
  return <Dialog label={label} onClose={close} wide>
    <p>{events ? 'TikTok has refused it. It goes back into the outbox as it is and is sent once more.'
      : 'It is translated again with the mapping that is in force now. What is understood is put into the outbox and sent; it keeps its row and its time.'}</p>
    {state.step === 'asking' && <Wait what="Trying it without changing anything" />}
    <Problem error={state.error} retry={look} />
    {state.results && <>
      <h3>{state.step === 'done' ? 'What came of it' : 'What it would do'}: {Object.entries(sums(state.results)).map(([k, v]) => `${count(v)} ${k}`).join(', ')}</h3>
      <ul class="results" tabIndex={0} aria-label="Results">{state.results.map(r => <Result r={r} events={events} />)}</ul></>}
    <footer>
      {state.step === 'done' ? <button class="button primary" onClick={close}>Done</button> : <>
        <button class="button quiet" onClick={close}>Cancel</button>
        <button class="button primary" disabled={state.step !== 'seen' || !able} onClick={act}><Icon name="send" />
          {state.step === 'doing' ? 'Replaying…' : events ? 'Send again' : `Replay ${able > 1 ? count(able) : ''}`}</button></>}
    </footer>
  </Dialog>;
}
