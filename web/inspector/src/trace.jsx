// What an id leads to: every click and postback that carries it, in order of time.
import { get } from './api.js';
import { money, moment, span, time } from './format.js';
import { Walked } from './chain.jsx';
import { route } from './state.js';
import { Code, Icon, Id, Line, Nothing, Problem, State, Text, Verdict, Wait, When, plain, useAnswer } from './ui.jsx';

const MATCH = { __proto__: null, click_id: 'click id', event_id: 'event id', ttclid: 'ttclid', ttclid_prefix: 'beginning of a ttclid', txid: 'transaction id', order_id: 'order id', row: 'number of the row', simulation: 'simulation' };

function Click({ c }) {
  return <li class="entry"><span class="dot" aria-hidden="true"><Icon name="delivered" /></span><div class="what"><header><b>Click</b><Line value={c.offer} /><span class="grow" /><When t={c.at} /></header>
    <p class="ids"><Id name="click_id" value={c.click_id} /><Id name="ttclid" value={c.ttclid} /><Id name="event_id" value={c.event_id} /></p>
    {c.page_url && <p class="dim"><Line value={c.page_url} max={300} /></p>}</div></li>;
}

function Postback({ p }) {
  return <li class={`entry v-${p.verdict}`}><span class="dot" aria-hidden="true"><Icon name={p.verdict} /></span><div class="what">
    <header><a class="open" href={`#/c/${p.id}`}><b>Postback</b> <Line value={p.stage || 'no stage'} /></a><Verdict verdict={p.verdict} /><Line value={p.offer} /><span class="dim"><Line value={p.tracker} /></span><span class="grow" /><When t={p.at} /></header>
    {p.code && <p><Code code={p.code} /> <Text value={p.reason} max={300} /></p>}
    {(p.warnings || []).filter(w => /^Q/.test(w.code)).map(w => <p class="dim"><Code code={w.code} /> <Text value={w.text} max={300} /></p>)}
    {p.events.map(e => <div class="sent"><State state={e.state} /><b><Line value={e.event} /></b>{money(e.value, e.currency)}<span class="mono dim"><Line value={e.event_id} /></span>
      <ol class="tries">{e.attempts.map(a => <li><time dateTime={a.at} title={moment(a.at)}>{time(a.at)}</time> · {span(a.took_ms)} · {a.http_status ? `HTTP ${a.http_status}` : 'no answer'} {a.http_status ? a.code : ''} <Line value={a.message} max={200} />{a.request_id && <span class="dim mono"> <Line value={a.request_id} /></span>}</li>)}</ol></div>)}
  </div></li>;
}

export function Trace() {
  const id = route.value.query.id || '';
  const t = useAnswer(signal => id ? get('trace', { id }, signal) : Promise.resolve(null), [id]);
  const a = t.value;
  const entries = a ? [...a.clicks.map(c => ({ at: c.at, c })), ...a.postbacks.map(p => ({ at: p.at, p }))].sort((x, y) => x.at < y.at ? -1 : 1) : [];
  return <div class="trace">
    <div class="head"><h1 tabIndex={-1}>{id ? <>Story of <span class="mono"><Line value={id} max={120} /></span></> : 'Search'}</h1>
      {a?.matched && <span class="dim">found as {MATCH[a.matched] || plain(a.matched)}</span>}</div>
    <Problem error={t.error} retry={t.again} />
    {!id && <Nothing><h2>Which id?</h2><p>Type a click id, event id, ttclid (or its beginning), transaction id or order id into the field on top.</p></Nothing>}
    {id && t.loading && !a && <Wait what="Looking through every layer" />}
    {a && <Walked a={a} />}
    {a && !entries.length && a.walks?.length > 0 && <p class="meaning"><Text value={a.meaning} max={1000} /></p>}
    {a && !entries.length && !a.walks?.length && <div class="meaning" role="status"><h2>Nothing has this id</h2>{String(a.meaning).split('\n').map(l => <p class={/^\d\./.test(l) ? 'step' : ''}><Text value={l} max={1000} /></p>)}</div>}
    {entries.length > 0 && <ol class="entries">{entries.map(e => e.c ? <Click c={e.c} /> : <Postback key={e.p.id} p={e.p} />)}</ol>}
    {a?.more && <p class="dim">There are more; these are the newest.</p>}
    {entries.length > 0 && a.meaning && <p class="meaning"><Text value={a.meaning} max={1000} /></p>}
  </div>;
}
