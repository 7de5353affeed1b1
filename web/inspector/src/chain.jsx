// A chain file walked through: each hop, the three ids on their way, and where the baton drops.
import { useEffect, useRef, useState } from 'preact/hooks';
import { simulate } from './api.js';
import { cut } from './plain.js';
import { Code, Icon, Line, Problem, Section, Text, Wait, When, plain, remedy, title } from './ui.jsx';

const EXAMPLE = `version: 1
chain: my-chain
start: "https://trk.example/nutra?external_id=__CLICKID__"
hops:
  - {name: tracker, kind: tracker, tracker: keitaro, to: "https://lander.example/?subid={subid}&ttclid={external_id}"}
  - {name: lander, kind: lander, script: true, to: "https://offer.example/o?sub1={subid}"}
conversion:
  network: "https://trk.example/KEY/postback?subid={sub1}&status=sale&payout=12.5&currency=usd"
  postback: nutra-de
`;
const IDS = ['ttclid', 'click_id', 'event_id'];
const WORDS = { __proto__: null, kept: 'kept', lost: 'lost', changed: 'changed', truncated: 'cut', absent: 'not there yet', stored: 'not on the way, but remembered' };
const BAD = { __proto__: null, lost: 1, changed: 1, truncated: 1 };

// The stations: the ad, the hops, then the conversion's way back.
export function stations(r) {
  const has = (text, id) => id && (text.includes(id) || text.includes(encodeURIComponent(id)));
  const list = [{ name: 'the ad', kind: 'TikTok', ttclid: 'kept', click_id: 'absent', event_id: 'absent' }, ...r.hops];
  const last = r.hops[r.hops.length - 1] || list[0], e = r.event;
  const carried = text => Object.fromEntries(IDS.map(n => [n, BAD[last[n]] ? last[n] : last[n] === 'absent' ? 'absent' : has(text, r[n]) ? 'kept' : 'stored']));
  const needs = s => ({ ...s, click_id: r.verdict !== 'kept' && s.click_id === 'stored' ? 'lost' : s.click_id });
  if (r.network) list.push({ name: 'network', kind: 'its postback', url: r.network, back: true, ...needs(carried(r.network)) });
  if (r.postback) list.push({ name: 'clickbaton', kind: 'postback', url: r.postback, back: true, ...carried(r.postback) });
  list.push({ name: 'TikTok', kind: e ? plain(e.event) : 'no event', back: true, end: true, url: '',
    ttclid: !e ? 'none' : e.user?.ttclid === r.ttclid ? 'kept' : e.user?.ttclid ? 'changed' : 'lost',
    event_id: !e ? 'none' : e.event_id === r.event_id ? 'kept' : 'changed', click_id: e ? 'stored' : 'none' });
  return list;
}

// ---- the picture: along the chain, or down it where there is little room ----

function Picture({ r }) {
  const box = useRef();
  const [wide, setWide] = useState(true);
  const list = stations(r);
  useEffect(() => {
    const watch = new ResizeObserver(([e]) => setWide(e.contentRect.width >= 118 * list.length));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, [list.length]);
  const drop = list.findIndex(s => s.name === r.broken_at && !s.back);
  return <div class="picture" ref={box}>{wide ? <Across list={list} r={r} drop={drop} /> : <Down list={list} r={r} drop={drop} />}</div>;
}

const Baton = ({ x, y, fallen }) => <g class={`baton${fallen ? ' fallen' : ''}`} transform={`translate(${x} ${y}) rotate(${fallen ? 28 : -18})`}>
  <rect x="-15" y="-4.5" width="30" height="9" rx="4.5" /><rect class="band" x="-4" y="-4.5" width="8" height="9" /></g>;

const summary = (r, drop) => r.verdict === 'kept' ? 'The ids arrive at TikTok.' : drop >= 0 ? `The baton drops at ${plain(r.broken_at)}.` : 'The ids do not arrive.';

function Lane({ id, list, at, cross, flip, stop }) {
  const p = (a, c) => flip ? `${c} ${a}` : `${a} ${c}`;
  return list.slice(1).map((s, i) => {
    const before = list[i][id], now = s[id], dead = list.slice(0, i + 1).some(x => BAD[x[id]]);
    const state = dead || now === 'none' ? 'dead' : before === 'absent' ? 'absent' : before === 'stored' ? 'stored' : 'kept';
    return <>
      <path class={`lane l-${id} is-${state}`} d={`M${p(at(i), cross)}L${p(at(i + 1), cross)}`} />
      {BAD[now] && !dead && before !== 'absent' && <g class="broke" transform={flip ? `translate(${cross} ${at(i + 1)})` : `translate(${at(i + 1)} ${cross})`}><circle r="8" /><path d={now === 'lost' ? 'M-3-3 3 3M3-3-3 3' : 'M0-4V1M0 4v.1'} /></g>}
      {now !== 'absent' && now !== 'none' && !BAD[now] && <circle class={`pass l-${id}${now === 'stored' ? ' is-stored' : ''}`} r="4.5" cx={flip ? cross : at(i + 1)} cy={flip ? at(i + 1) : cross} />}
    </>;
  });
}

const ends = (list, id) => { const last = list[list.length - 1][id]; return BAD[last] ? 'lost' : 'ok'; };

function Across({ list, r, drop }) {
  const step = 150, left = 118, width = left + step * (list.length - 1) + 84, lanes = [92, 126, 160], turn = list.findIndex(s => s.back);
  const at = i => left + i * step;
  return <svg viewBox={`0 0 ${width} 224`} role="img" aria-label={`The chain as a picture. ${summary(r, drop)} The table below says the same.`} style={{ maxWidth: `${width * 1.15}px` }}>
    {turn > 0 && <><rect class="zone" x={at(turn) - step / 2} y="14" width={width - at(turn) + step / 2 - 6} height="196" rx="10" /><text class="small" x={at(turn) - step / 2 + 12} y="202">the conversion comes back</text></>}
    {drop >= 0 && <rect class="fault" x={at(drop) - 52} y="14" width="104" height="196" rx="10" />}
    {IDS.map((id, k) => <text class={`lane-name n-${id}`} x="0" y={lanes[k] + 4}>{id}</text>)}
    {list.map((s, i) => <line class="post" x1={at(i)} y1="72" x2={at(i)} y2="176" />)}
    {IDS.map((id, k) => <Lane id={id} list={list} at={at} cross={lanes[k]} />)}
    {list.map((s, i) => <g><text class="station" x={at(i)} y="38">{cut(plain(s.name), 14)}</text><text class="small mid" x={at(i)} y="55">{cut(plain(s.kind), 14)}{s.status ? ` · ${s.status}` : ''}</text></g>)}
    {list.map((s, i) => i === 0 && <circle class="pass l-ttclid" r="4.5" cx={at(0)} cy={lanes[0]} />)}
    {r.verdict === 'kept' ? <><Baton x={at(list.length - 1) + 34} y={lanes[1]} /><text class="good mid" x={at(list.length - 1) + 34} y={lanes[1] + 26}>arrives</text></>
      : drop >= 0 && <><Baton x={at(drop) - 30} y={193} fallen /><text class="bad small-bad" x={at(drop) - 10} y={198}>drops</text></>}
  </svg>;
}

function Down({ list, r, drop }) {
  const step = 62, top = 74, height = top + step * (list.length - 1) + 40, lanes = [24, 52, 80], turn = list.findIndex(s => s.back);
  const at = i => top + i * step;
  return <svg viewBox={`0 0 320 ${height}`} role="img" aria-label={`The chain as a picture. ${summary(r, drop)} The table below says the same.`}>
    {turn > 0 && <rect class="zone" x="4" y={at(turn) - step / 2} width="312" height={height - at(turn) + step / 2 - 4} rx="10" />}
    {drop >= 0 && <rect class="fault" x="4" y={at(drop) - 28} width="312" height="56" rx="10" />}
    {IDS.map((id, k) => <text class={`lane-name small n-${id}`} transform={`translate(${lanes[k] + 3} 60) rotate(-40)`}>{id}</text>)}
    {list.map((s, i) => <line class="post" x1="12" y1={at(i)} x2="96" y2={at(i)} />)}
    {IDS.map((id, k) => <Lane id={id} list={list} at={at} cross={lanes[k]} flip />)}
    <circle class="pass l-ttclid" r="4.5" cx={lanes[0]} cy={at(0)} />
    {list.map((s, i) => <g><text class="station left" x="112" y={at(i) - 2}>{cut(plain(s.name), 20)}</text><text class="small" x="112" y={at(i) + 14}>{cut(plain(s.kind), 20)}{s.status ? ` · ${s.status}` : ''}</text></g>)}
    {r.verdict === 'kept' ? <Baton x={270} y={at(list.length - 1)} /> : drop >= 0 && <><Baton x={228} y={at(drop) - 6} fallen /><text class="bad" x={252} y={at(drop) - 1}>drops</text></>}
  </svg>;
}

// ---- what to read beside it ----

const Mark = ({ s }) => <span class={`mark m-${s}`}>{s === 'kept' ? <Icon name="check" /> : BAD[s] ? <Icon name="close" /> : null}{WORDS[s] || plain(s)}</span>;
const note = text => { const m = /^([A-Z]\d{3}) (.*)$/s.exec(text); return m ? { code: m[1], text: m[2] } : { code: '', text }; };

function Advice({ list }) {
  return list.map(t => { const n = note(t), [what, change] = n.text.split('What to change: ');
    return <div class="advice"><Code code={n.code} /><div><p><Text value={what} /></p>{change && <p class="act"><b>What to change:</b> <Text value={change} /></p>}{!change && remedy(n.code) && <p class="act"><b>What to do:</b> {remedy(n.code)}.</p>}</div></div>; });
}

function Hops({ r }) {
  return <ol class="hops">{r.hops.map((h, i) => <li class={h.name === r.broken_at ? 'broken' : ''}><header><span class="step num">{i + 1}</span><b><Line value={h.name} /></b><span class="dim"><Line value={h.kind} />{h.status ? ` · ${h.status}` : ''}</span><span class="grow" />
    {IDS.map(id => <span class="hop-id"><span class="dim">{id}</span><Mark s={h[id]} /></span>)}</header>
    <p class="mono url"><Text value={h.url} max={220} /></p>
    {(h.lost.length > 0 || h.changed.length > 0) && <p class="dim">{h.lost.length > 0 && <>does not pass on: {h.lost.map(x => <code><Line value={x} /></code>)}</>} {h.changed.length > 0 && <>changes: {h.changed.map(x => <code><Line value={x} /></code>)}</>}</p>}
    <Advice list={h.advice} /></li>)}</ol>;
}

function Result({ r }) {
  const kept = r.verdict === 'kept';
  return <>
    <div class={`outcome ${kept ? 'good' : 'bad'}`} role="status"><Icon name={kept ? 'check' : 'dead'} /><div><b>{kept ? 'The baton arrives' : `The baton drops${r.broken_at ? ` at “${plain(r.broken_at)}”` : ''}`}</b>
      <p>{r.code && <Code code={r.code} />} <Text value={r.reason || 'ttclid and event_id of the click stand in the event that TikTok gets.'} /></p>
      {r.code && remedy(r.code) && <p class="act"><b>What to do:</b> {remedy(r.code)}.</p>}</div></div>
    <Section title="The way of the ids" aside={<span class="legend-ids">{IDS.map(i => <span class={`n-${i}`}>{i}</span>)}</span>}><Picture r={r} /></Section>
    {r.warnings.length > 0 && <Section title="What else was noticed"><Advice list={r.warnings} /></Section>}
    <Section title="Hop by hop"><Hops r={r} /></Section>
    <Section title="The conversion's way back"><table class="kv"><tbody>
      <tr><th scope="row">the network calls</th><td class="mono"><Text value={r.network || 'nothing'} max={400} /></td></tr>
      <tr><th scope="row">clickbaton gets</th><td class="mono"><Text value={r.postback || 'nothing'} max={400} /></td></tr>
      <tr><th scope="row">TikTok gets</th><td class="mono"><Text value={r.event ? JSON.stringify(r.event) : 'no event'} max={400} /></td></tr></tbody></table></Section>
  </>;
}

// Simulations that somebody has kept (`simulate --keep`), beside what really came with their ids.
export const Walked = ({ a }) => <>{(a.walks || []).map(r => <Section title="Simulated hops" aside={<span class="dim"><When t={r.at} /></span>}>
  <p>The chain <Text value={r.chain} max={120} />{r.live && ', with real servers'}: {r.verdict === 'kept' ? 'the baton arrives.' : <>the baton drops{r.broken_at && <> at “<Text value={r.broken_at} max={120} />”</>}. {r.code && <Code code={r.code} />} <Text value={r.reason} max={600} /></>}</p><Hops r={r} /></Section>)}
  {a.walks_problem && <p class="dim">A kept simulation can't be read: <Text value={a.walks_problem} max={300} /></p>}</>;

const Problems = ({ list }) => <Section title="The file can't be used as it is"><ul class="lasts">{list.map(p => <li><div class="advice"><Code code={p.code} /><div><p>{p.where && <code>{plain(p.where)}</code>} <Text value={p.text} /></p>{p.remedy && <p class="act"><b>What to do:</b> <Text value={p.remedy} /></p>}</div></div></li>)}</ul></Section>;

// What was open stays open while other views are looked at.
let kept = { text: '', result: null };

export function Chain() {
  const [text, setText] = useState(kept.text);
  const [state, set] = useState({ result: kept.result });
  const [over, setOver] = useState(false);
  const file = useRef();
  const run = (yaml = text) => {
    set(s => ({ ...s, busy: true, error: null, problems: null }));
    simulate(yaml).then(result => { kept = { text: yaml, result }; set({ result }); },
      error => set(error.body?.problems ? { problems: error.body.problems } : { error }));
  };
  const read = async f => {
    if (!f) return;
    if (f.size > 1e6) return set({ error: new Error('This file is larger than a chain file can be (1 MB).') });
    const yaml = await f.text();
    setText(yaml);
    run(yaml);
  };
  return <div class="chain" onDragOver={e => { e.preventDefault(); setOver(true); }} onDragLeave={e => e.currentTarget.contains(e.relatedTarget) || setOver(false)}
    onDrop={e => { e.preventDefault(); setOver(false); read(e.dataTransfer.files[0]); }}>
    <div class="head"><h1 tabIndex={-1}>Chain</h1><span class="dim">from the ad through every hop to the event, without a request to anybody</span></div>
    <Section class={`file${over ? ' over' : ''}`} title="Chain file" aside={<><button class="button" onClick={() => file.current.click()}>Open a file…</button>{!text && <button class="button quiet" onClick={() => setText(EXAMPLE)}>Example</button>}</>}>
      <input ref={file} type="file" accept=".yaml,.yml,text/yaml" class="sr" tabIndex={-1} aria-label="Chain file" onChange={e => { read(e.currentTarget.files[0]); e.currentTarget.value = ''; }} />
      <textarea class="mono" aria-label="Text of the chain file" spellcheck={false} rows={state.result ? 5 : 12} value={text} placeholder={'Drop a chain file here, open one, or paste it.\n\ndocs/chains.md says how one is written; examples/chains/ has thirty.'}
        onInput={e => setText(e.currentTarget.value)} onKeyDown={e => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) run(); }} />
      <p class="acts"><button class="button primary" disabled={!text.trim() || state.busy} onClick={() => run()}><Icon name="play" />{state.busy ? 'Walking…' : 'Walk through it'}</button><span class="dim">Ctrl Enter</span></p>
    </Section>
    <Problem error={state.error} />
    {state.problems && <Problems list={state.problems} />}
    {state.busy && !state.result && <Wait what="Walking from hop to hop" />}
    {state.result && <Result r={state.result} />}
  </div>;
}
