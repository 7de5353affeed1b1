// The live list: what comes in, newest first, with filters that stand in the address.
import { Component } from 'preact';
import { useState } from 'preact/hooks';
import { Bars, VERDICTS as SERIES, useDay } from './bars.jsx';
import { count, date, hhmm, money, moment, sameDay, span, time } from './format.js';
import { Pulse } from './pulse.jsx';
import { Replay } from './replay.jsx';
import { isOf, useRows } from './rows.js';
import { Todo } from './todo.jsx';
import { address, go, route, server } from './state.js';
import { Choice, Code, Icon, Line, Nothing, Problem, State, Verdict, Wait, known_codes, plain, title } from './ui.jsx';

const VERDICTS = SERIES.map(([v]) => v);
const STAGES = ['lead', 'sale', 'rebill', 'rejected', 'refund', 'chargeback'];
const STATES = [['waiting', 'on its way'], ['delivered', 'delivered'], ['refused', 'refused'], ['withdrawn', 'withdrawn']];
const TIMES = [['15m', 'last 15 min'], ['1h', 'last hour'], ['24h', 'last 24 h'], ['7d', 'last 7 days'], ['30d', 'last 30 days'], ['90d', 'last 90 days']];
const NAMES = ['offer', 'tracker', 'stage', 'verdict', 'state', 'code', 'since', 'until'];

export const filters = query => Object.fromEntries(NAMES.filter(n => query[n]).map(n => [n, query[n]]));

// ---- one row ----

function Answer({ e }) {
  if (e.state === 'delivered') return <State state="delivered">OK</State>;
  const a = e.answer;
  const text = a ? (a.code ? `${a.code} ${a.message || ''}` : a.http_status ? `HTTP ${a.http_status}` : a.message || 'no answer') : e.note || undefined;
  return <State state={e.state}>{text ? <Line value={e.state === 'waiting' || e.state === 'sending' ? `${text}, tried again` : text} /> : undefined}</State>;
}

const slow = ms => ms === null || ms === undefined ? '' : ms > 300000 ? 'bad' : ms > 30000 ? 'warn' : '';

class Row extends Component {
  shouldComponentUpdate(next) { return next.row !== this.props.row || next.today !== this.props.today || next.state !== this.props.state; }
  render({ row, today, state }) {
    const e = row.events.find(isOf(state)) || row.events[0], more = row.events.length - 1;
    return <tr role="row" class={`row v-${row.verdict}${row.fresh ? ' fresh' : ''}`}>
      <td role="cell" class="c-time"><a href={`#/c/${row.id}`} class="open" data-row={row.id}
        aria-label={`${row.verdict} ${plain(row.stage)} of ${plain(row.offer)} at ${moment(row.at)}`}>
        {!sameDay(row.at, today) && <span class="dim">{date(row.at)} </span>}<time dateTime={row.at} title={`${moment(row.at)} · ${row.at}`}>{time(row.at)}</time></a></td>
      <td role="cell" class="c-offer"><Line value={row.offer} /></td>
      <td role="cell" class="c-tracker dim"><Line value={row.tracker} /></td>
      <td role="cell" class="c-stage"><Line value={row.stage || '–'} /></td>
      <td role="cell" class="c-verdict"><Verdict verdict={row.verdict} />{row.warnings.length > 0 && <span class="warned"
        title={row.warnings.map(w => `${plain(w)} ${title(w)}`).join('\n')}>{row.warnings.length > 1 ? `${plain(row.warnings[0])} +${row.warnings.length - 1}` : plain(row.warnings[0]).slice(0, 8)}</span>}</td>
      {e ? <>
        <td role="cell" class="c-event"><Line value={e.event} />{more > 0 && <span class="plus" title={row.events.map(x => plain(x.event)).join(', ')}>+{more}</span>}</td>
        <td role="cell" class="c-value num">{money(e.value, e.currency)}</td>
        <td role="cell" class="c-answer"><Answer e={e} /></td>
        <td role="cell" class={`c-latency num ${slow(e.latency_ms)}`}>{span(e.latency_ms)}</td>
      </> : <td role="cell" class="c-reason" colSpan={4}><Code code={row.code} /> <Line value={row.reason} max={300} /></td>}
      <td role="cell" class="c-id dim"><Line value={row.click_id || row.txid || row.ttclid} max={80} /></td>
    </tr>;
  }
}

const HEADS = [['time', 'Time'], ['offer', 'Offer'], ['tracker', 'Tracker'], ['stage', 'Stage'], ['verdict', 'Verdict'],
  ['event', 'Event'], ['value', 'Value', 'num'], ['answer', 'TikTok'], ['latency', 'Latency', 'num'], ['id', 'Click id']];

function Table({ rows, state }) {
  const today = new Date().toDateString();
  return <table class="list" role="table" aria-label="Postbacks, newest first">
    <thead role="rowgroup"><tr role="row">{HEADS.map(([c, text, n]) => <th role="columnheader" scope="col" class={`c-${c} ${n || ''}`}>{text}</th>)}</tr></thead>
    <tbody role="rowgroup">{rows.map(r => <Row key={r.id} row={r} today={today} state={state} />)}</tbody>
  </table>;
}

// ---- filters and figures ----

function useStages(rows) {
  const seen = new Set(STAGES);
  rows.forEach(r => r.stage && seen.add(r.stage));
  return [...seen].slice(0, 40);
}

function Filters({ f, rows }) {
  const offers = server.value?.offers || [];
  const set = (name, value) => {
    const next = { ...f, [name]: value };
    if (name === 'since') delete next.until;
    go(address('live', next));
  };
  const window_ = f.until && [f.since, `${moment(f.since)} to ${moment(f.until)}`];
  return <div class="filters" role="search" aria-label="Filters">
    <Choice label="Offer" any="all offers" value={f.offer} options={known(offers.map(o => o.name), f.offer)} onChange={v => set('offer', v)} />
    <Choice label="Tracker" any="all trackers" value={f.tracker} options={known([...new Set(offers.map(o => o.tracker))], f.tracker)} onChange={v => set('tracker', v)} />
    <Choice label="Stage" any="all stages" value={f.stage} options={known(useStages(rows), f.stage)} onChange={v => set('stage', v)} />
    <Choice label="Verdict" any="all verdicts" value={f.verdict} options={known(VERDICTS, f.verdict)} onChange={v => set('verdict', v)} />
    <Choice label="TikTok" any="any outcome" value={f.state} options={known(STATES, f.state, s => s[0])} onChange={v => set('state', v)} />
    <Choice label="Code" any="all codes" value={f.code} onChange={v => set('code', v)}
      options={known(known_codes.filter(c => /^[QID]/.test(c)), f.code).map(c => [c, `${c} ${title(c)}`])} />
    <Choice label="Time" any="any time" value={f.since} onChange={v => set('since', v)}
      options={window_ ? [window_, ...TIMES] : known(TIMES, f.since, t => t[0])} />
    {Object.keys(f).length > 0 && <a class="button quiet" href="#/live"><Icon name="close" />Clear</a>}
  </div>;
}

const known = (list, value, of = x => x) => value && !list.some(x => of(x) === value) ? [value, ...list] : list;

function Figures({ offer }) {
  const s = server.value;
  if (!s) return <div class="figures" />;
  const n = s.since_start, o = s.outbox;
  const tile = (label, value, c, to, hint) => <a class={`figure ${c}`} href={to} title={hint}>{VERDICTS.includes(label) && <i class="swatch" style={{ background: `var(--${label})` }} />}<b>{count(value)}</b><span>{label}</span></a>;
  const start = s.refused?.since;
  return <div class="figures" aria-label="Since the server started, and now" role="group">
    {start && <span class="figure" title={`The server started at ${moment(start)}`}>since {sameDay(start, s.now) ? hhmm(start) : date(start)}</span>}
    {tile('postbacks', n.postbacks, '', '#/live', 'since the server started')}
    {tile('queued', n.queued, 'v-queued', '#/live?verdict=queued')}
    {tile('duplicate', n.duplicate, 'v-duplicate', '#/live?verdict=duplicate')}
    {tile('ignored', n.ignored, 'v-ignored', '#/live?verdict=ignored')}
    {tile('quarantined', n.quarantined, 'v-quarantined', '#/live?verdict=quarantined')}
    <span class="figure">now</span>
    {tile('waiting for TikTok', o.waiting + o.sending, o.oldest && Date.now() - new Date(o.oldest) > 300000 ? 'v-dead' : '', address('live', { offer, state: 'waiting' }),
      o.oldest ? `the oldest since ${moment(o.oldest)}` : 'the outbox is empty')}
    {tile('refused by TikTok', o.dead, o.dead ? 'v-dead' : '', address('live', { offer, state: 'refused' }))}
  </div>;
}

export function Live() {
  const f = filters(route.value.query);
  const list = useRows(f);
  const [asked, ask] = useState(null), day = useDay(f.offer);
  const ids = list.rows.filter(r => r.verdict === 'quarantined').map(r => r.id).slice(0, 100);
  const dead = list.rows.flatMap(r => r.events).filter(isOf('refused')).map(e => e.id).slice(0, 100);
  return <div class="live">
    <h1 class="sr" tabIndex={-1}>Live list of postbacks</h1>
    <Pulse answer={day} />
    <Figures offer={f.offer} />
    <Bars filter={f} answer={day} />
    <div class="bar">
      <Filters f={f} rows={list.rows} />
      <div class="acts">
        {f.verdict === 'quarantined' && ids.length > 0 &&
          <button class="button" onClick={() => ask({ postbacks: ids })}><Icon name="send" />Replay {ids.length === 1 ? 'it' : `these ${ids.length}`}</button>}
        {f.state === 'refused' && dead.length > 0 &&
          <button class="button" onClick={() => ask({ events: dead })}><Icon name="send" />Send {dead.length === 1 ? 'it' : `these ${dead.length}`} again</button>}
        <button class={`button${list.paused ? ' on' : ''}`} aria-pressed={list.paused} data-key="p" onClick={() => list.pause(!list.paused)}>
          <Icon name={list.paused ? 'play' : 'pause'} />{list.paused ? 'Go on' : 'Pause'}</button>
      </div>
    </div>
    {(list.waiting.n > 0 || list.waiting.more) && <button class="held" onClick={list.show} aria-live="polite">
      {list.waiting.more && (list.waiting.n ? 'more than ' : 'many ')}{list.waiting.n > 0 && count(list.waiting.n)} new {list.waiting.n === 1 && !list.waiting.more ? 'postback' : 'postbacks'}: show</button>}
    <Problem error={list.error} retry={list.load} />
    {f.state && list.rows.length > 0 && <Todo f={f} rows={list.rows} answer={day} />}
    {list.rows.length > 0 && <Table rows={list.rows} state={f.state} />}
    {list.loading && !list.rows.length && <Wait what="Reading the ledger" />}
    {!list.loading && !list.error && !list.rows.length && <Empty f={f} more={list.next} />}
    {list.next && <p class="after"><button class="button" disabled={list.more} onClick={list.older}>{list.more ? 'Reading…' : list.rows.length ? 'Older postbacks' : 'Look further back'}</button></p>}
    {!list.next && list.rows.length > 0 && <p class="after dim">That is all that is stored{Object.keys(f).length ? ' and fits the filters' : ''}.</p>}
    {asked && <Replay {...asked} onClose={done => { ask(null); if (done) list.load(); }} />}
  </div>;
}

function Empty({ f, more }) {
  if (more) return <Nothing><h2>Nothing of the newest postbacks fits these filters</h2><p>There are older ones that were not looked at. A time makes the search short.</p></Nothing>;
  if (Object.keys(f).length) return <Nothing><h2>Nothing fits these filters</h2><p><a class="button" href="#/live">Show everything</a></p></Nothing>;
  return <Nothing><h2>No postback yet</h2>
    <p>As soon as one comes it stands here. <code>clickbaton urls OFFER</code> prints the URL to paste into the tracker.</p>
    {server.value?.refused?.counts?.length > 0 && <p>Some were refused at the door: <a href="#/alerts">see why</a>.</p>}</Nothing>;
}
