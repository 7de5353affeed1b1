// Signal health: per offer and event over time, with what is wrong ranked by how often it happens.
import { useEffect, useState } from 'preact/hooks';
import { get } from './api.js';
import { VERDICTS } from './bars.jsx';
import { Chart, Spark } from './chart.jsx';
import { count, money, percentile, share, short, span, upTo } from './format.js';
import { LIMITS, Pulse } from './pulse.jsx';
import { address, go, route, server } from './state.js';
import { add, percentiles, slots, total, waiting, weight } from './tally.js';
import { Choice, Code, Icon, Line, Nothing, Problem, Section, Segments, Verdict, Wait, plain, remedy, title, useAnswer } from './ui.jsx';

const RANGES = { __proto__: null, '24h': [24, 3600, '24 h', '24 hours'], '7d': [168, 3600, '7 d', '7 days'], '30d': [720, 86400, '30 d', '30 days'], '90d': [2160, 86400, '90 d', '90 days'] };

// The window before it, of the same length, to compare with.
function window_(range, now) {
  const [hours, step] = RANGES[range];
  const to = Math.ceil(now / 1000 / step) * step, from = to - hours * 3600;
  return { step, now: { since: from, until: to }, before: { since: from - hours * 3600, until: from } };
}

function useHealth(range, offer) {
  const [turn, again] = useState(0);
  const w = window_(range, Date.now());
  const now = useAnswer(s => get('health', { ...w.now, step: w.step, offer }, s), [range, offer, turn]);
  const before = useAnswer(s => get('health', { ...w.before, step: w.step, offer }, s), [range, offer]);
  const all = useAnswer(s => offer ? get('health', { ...w.now, step: w.step }, s) : Promise.resolve(null), [range, offer, turn]);
  useEffect(() => {
    const beat = setInterval(() => document.hidden || again(n => n + 1), 30000);
    return () => clearInterval(beat);
  }, []);
  return { now, before: before.value, all: offer ? all.value : now.value, again: () => again(n => n + 1) };
}

// ---- the figures on top ----

function Change({ now, before, good = 0 }) {
  if (!before || !now || before === now) return null;
  const p = 100 * (now - before) / before;
  if (Math.abs(p) < 0.5) return null;
  const sense = good ? (p > 0) === (good > 0) ? 'up' : 'down' : '';
  return <span class={`change ${sense}`}>{p > 0 ? '▲' : '▼'} {Math.abs(p) > 999 ? '>999' : Math.abs(p).toFixed(0)} %<span class="sr"> against the time before</span></span>;
}

const Tile = ({ name, value, note, now, before, good, c, values, to }) => <div class={`tile ${c || ''}`}>
  <span class="name">{to ? <a href={to}>{name}</a> : name}</span><b>{value}</b><span class="note">{note} <Change now={now} before={before} good={good} /></span>
  {values && <Spark values={values} colour={c === 'bad' ? 'dead' : 'blue'} />}</div>;

function Tiles({ s, b, range, offer }) {
  const list = filter => address('live', { offer, ...filter, since: range });
  const received = total(s.received), put = total(s.put), delivered = total(s.delivered), dead = total(s.dead);
  const lost = total(s.quarantined), all = slots(s), p95 = percentile(all, 0.95);
  const ratio = (x, part, of) => x && total(x[of]) ? total(x[part]) / total(x[of]) : 0;
  const open = total(waiting(s));
  return <div class="tiles" role="group" aria-label={`Figures of the last ${RANGES[range][2]}`}>
    <Tile name="Postbacks" value={short(received)} note={`${short(total(s.clicks))} clicks`} now={received} before={b && total(b.received)} values={s.received} />
    <Tile name="Delivered" value={share(delivered, put)} note={`${count(delivered)} of ${count(put)}${open ? `, ${count(open)} on the way` : ''}`} c={put && (delivered + open) / put < LIMITS.delivered ? 'bad' : ''} now={ratio(s, 'delivered', 'put')} before={ratio(b, 'delivered', 'put')} good={1} values={s.delivered} />
    <Tile name="Refused by TikTok" value={count(dead)} note={share(dead, put)} c={dead ? 'bad' : ''} values={s.dead} to={dead && list({ state: 'refused' })} />
    <Tile name="Quarantined" value={share(lost, received)} note={`${count(lost)} not understood`} c={received && lost / received > LIMITS.quarantined ? 'bad' : ''} now={ratio(s, 'quarantined', 'received')} before={ratio(b, 'quarantined', 'received')} good={-1} values={s.quarantined} to={lost && list({ verdict: 'quarantined' })} />
    <Tile name="Duplicates" value={share(total(s.duplicate), received)} note={`${count(total(s.duplicate))} not sent twice`} now={ratio(s, 'duplicate', 'received')} before={ratio(b, 'duplicate', 'received')} values={s.duplicate} />
    <Tile name="95 % arrive within" value={upTo(p95)} note={`half within ${upTo(percentile(all, 0.5))}`} c={p95 > LIMITS.delay ? 'bad' : ''} now={p95} before={b && percentile(slots(b), 0.95)} good={-1} values={percentiles(s, 0.95).map(v => v ? Math.log10(v) : 0)} />
  </div>;
}

// ---- tables of offers and events ----

function Offers({ answer, chosen, range }) {
  const rows = answer.offers.map(o => ({ name: o.offer, sum: add({ ...answer, offers: [o] }) }))
    .sort((a, b) => total(b.sum.received) - total(a.sum.received));
  return <Section title="Offers" class="wide">
    <div class="over"><table class="ranks"><thead><tr><th scope="col">Offer</th><th scope="col" class="sparks"><span class="sr">Over time</span></th><th scope="col" class="num">Received</th><th scope="col" class="num">Delivered</th>
      <th scope="col" class="num">Quarantined</th><th scope="col" class="num wide-only">Duplicate</th><th scope="col" class="num">95 % within</th></tr></thead>
      <tbody>{rows.map(({ name, sum }) => <tr class={name === chosen ? 'chosen' : ''}>
        <th scope="row"><a href={address('health', { range, offer: name === chosen ? '' : name })} aria-current={name === chosen ? 'true' : undefined}><Line value={name} /></a></th>
        <td class="sparks"><Spark values={sum.received} /></td><td class="num">{count(total(sum.received))}</td>
        <td class="num"><Good part={total(sum.delivered)} all={total(sum.put)} /></td>
        <td class="num"><Bad part={total(sum.quarantined)} all={total(sum.received)} /></td>
        <td class="num wide-only">{share(total(sum.duplicate), total(sum.received))}</td>
        <td class="num">{upTo(percentile(slots(sum), 0.95))}</td></tr>)}</tbody></table></div>
  </Section>;
}
const Good = ({ part, all }) => <span class={all && part / all < LIMITS.delivered ? 'warn' : ''}>{share(part, all)}</span>;
const Bad = ({ part, all }) => <span class={all && part / all > LIMITS.quarantined ? 'warn' : ''}>{share(part, all)}</span>;

function Events({ answer, chosen, range, offer }) {
  const names = [...new Set(answer.offers.flatMap(o => o.events.map(e => e.event)))];
  const rows = names.map(name => ({ name, sum: add(answer, name) })).sort((a, b) => total(b.sum.put) - total(a.sum.put));
  return <Section title="Events" class="wide">
    <div class="over"><table class="ranks"><thead><tr><th scope="col">Event</th><th scope="col" class="sparks"><span class="sr">Over time</span></th><th scope="col" class="num">Sent</th><th scope="col" class="num">Delivered</th><th scope="col" class="num">Refused</th>
      <th scope="col" class="num wide-only">With value</th><th scope="col" class="num">Value</th></tr></thead>
      <tbody>{rows.map(({ name, sum }) => <tr class={name === chosen ? 'chosen' : ''}>
        <th scope="row"><a href={address('health', { range, offer, event: name === chosen ? '' : name })} aria-current={name === chosen ? 'true' : undefined}><Line value={name} /></a></th>
        <td class="sparks"><Spark values={sum.put} /></td><td class="num">{count(total(sum.put))}</td>
        <td class="num"><Good part={total(sum.delivered)} all={total(sum.put)} /></td>
        <td class="num"><span class={total(sum.dead) ? 'bad' : ''}>{count(total(sum.dead))}</span></td>
        <td class="num wide-only">{share(total(sum.valued), total(sum.put))}</td>
        <td class="num">{amounts(sum)}</td></tr>)}</tbody></table></div>
  </Section>;
}
const amounts = sum => Object.entries(sum.values).map(([c, v]) => [c, total(v)]).sort((a, b) => b[1] - a[1]).slice(0, 2)
  .map(([c, v]) => `${short(v)} ${c}`).join(', ') || '–';

// ---- coverage ----

const KEYS = ['ttclid', 'email', 'phone', 'external_id', 'ip', 'user_agent', 'ttp'];
function Coverage({ s }) {
  const put = total(s.put);
  const names = [...KEYS, ...Object.keys(s.keys).filter(k => !KEYS.includes(k))];
  return <Section title="Match-key coverage" aside={<span class="dim">share of events that carry it</span>}>
    {put ? <ul class="meters">{names.map(k => {
      const n = total(s.keys[k] || []), p = n / put;
      const over = s.put.map((v, i) => v ? (s.keys[k]?.[i] || 0) / v : 0);
      return <li><span class="mono">{plain(k)}</span><span class="meter" role="meter" aria-valuenow={Math.round(p * 100)} aria-valuemin={0} aria-valuemax={100} aria-label={`${k}: ${share(n, put)}`}>
        <i style={{ width: `${Math.max(p * 100, n ? 0.7 : 0)}%` }} class={k === 'ttclid' && p < LIMITS.ttclid ? 'low' : ''} /></span>
        <Spark values={over} /><span class="num">{share(n, put, 0)}</span></li>;
    })}</ul> : <p class="none">No event in this time.</p>}
  </Section>;
}

// ---- what is wrong, ranked ----

function Ranked({ heading, list, none, to, aside }) {
  const most = list.length ? weight(list[0]) : 1;
  return <Section title={heading} aside={aside}>
    {list.length ? <ol class="ranked">{list.slice(0, 12).map(r => {
      const text = r.title || title(r.code);
      return <li><details><summary>
        <span class="share" style={{ width: `${100 * weight(r) / most}%` }} /><Code code={r.code} />
        <span class="what">{plain(text)}</span>{r.verdict && <Verdict verdict={r.verdict} />}
        <span class="num">{r.n !== undefined ? count(r.n) : <Outcomes r={r} />}</span></summary>
        <div class="more-of">{remedy(r.code) && <p><b>What to do:</b> {remedy(r.code)}.</p>}
          {r.dead > 0 && <p>Which ones, and once more when the reason is mended: <code>clickbaton replay --dead{/^\d+$/.test(r.code) && r.code !== '0' ? ` --code ${r.code}` : ''} --dry-run</code></p>}
          <p>{to?.(r) && <a class="button" href={to(r)}><Icon name="link" />Show them in the list</a>}
            {title(r.code) && <code>clickbaton explain {r.code}</code>}</p></div></details></li>;
    })}</ol> : <p class="none">{none}</p>}
  </Section>;
}
const Outcomes = ({ r }) => <>{r.delivered > 0 && <span class="s-delivered">{short(r.delivered)} delivered</span>}
  {r.again > 0 && <span class="s-waiting">{short(r.again)} tried again</span>}{r.dead > 0 && <span class="s-dead">{short(r.dead)} refused</span>}</>;

// ---- the charts ----

function Charts({ s, pick, range }) {
  const base = { t: s.t, from: s.from, to: s.to, step: s.step, sync: 'health' };
  const currencies = Object.keys(s.values).sort((a, b) => total(s.values[b]) - total(s.values[a])).slice(0, 4);
  const [currency, choose] = useState('');
  const c = currencies.includes(currency) ? currency : currencies[0];
  const tints = ['p50', 'p95', 'p99'];
  return <div class="charts">
    <Section title="Postbacks by verdict"><Chart {...base} kind="bars" label="Postbacks by verdict" whole format={count} axis={short} total="received" onPick={pick}
      summary={`${count(total(s.received))} received.`} series={VERDICTS.map(([v, name]) => ({ name, colour: v, values: s[v] }))} /></Section>
    <Section title="Events and what became of them"><Chart {...base} kind="bars" label="Events and what became of them" whole format={count} axis={short} total="put into the outbox"
      summary={`${count(total(s.delivered))} delivered, ${count(total(s.dead))} refused by TikTok.`}
      series={[{ name: 'delivered', colour: 'delivered', values: s.delivered }, { name: 'on the way', colour: 'waiting', values: waiting(s) },
        { name: 'withdrawn', colour: 'ignored', values: s.withdrawn }, { name: 'refused by TikTok', colour: 'dead', values: s.dead }]} /></Section>
    <Section title="Delivery latency"><Chart {...base} kind="lines" log label="Delivery latency, percentiles" format={v => v === null ? '–' : upTo(v)} axis={v => span(v)}
      summary={`Half within ${upTo(percentile(slots(s), 0.5))}, 95 % within ${upTo(percentile(slots(s), 0.95))}.`}
      series={[0.5, 0.95, 0.99].map((p, i) => ({ name: `${p * 100} % within`, colour: tints[i], dash: ['', '6 3', '2 3'][i], values: percentiles(s, p) }))} /></Section>
    <Section title={`Value${c ? ` in ${c}` : ''}`} aside={currencies.length > 1 && <Segments label="Currency" value={c} options={currencies.map(x => [x, plain(x)])} onChange={choose} />}>
      {c ? <Chart {...base} kind="bars" label={`Value sent in ${c}`} format={v => money(v.toFixed(2), c)} axis={short} shape={c}
        summary={`${money(total(s.values[c]).toFixed(2), c)} in all.`} series={[{ name: c, colour: 'value', values: s.values[c] }]} /> : <p class="none">No event with a value in this time.</p>}</Section>
    <Section title="Clicks registered"><Chart {...base} kind="lines" label="Clicks registered" whole format={count} axis={short} summary={`${count(total(s.clicks))} in all.`}
      series={[{ name: 'clicks', colour: 'blue', area: true, values: s.clicks }]} /></Section>
    <Coverage s={s} />
  </div>;
}

export function Health() {
  const { offer = '', event = '', range: asked } = route.value.query;
  const range = RANGES[asked] ? asked : '24h';
  const h = useHealth(range, offer);
  const set = change => go(address('health', { range, offer, event, ...change }));
  const offers = (server.value?.offers || []).map(o => o.name);
  const value = h.now.value?.offers ? h.now.value : null;
  const s = value && add(value, event), b = h.before?.offers && add(h.before, event);
  const events = value ? [...new Set(value.offers.flatMap(o => o.events.map(e => e.event)))] : [];
  const pick = i => go(address('live', { offer, since: new Date(s.t[i] * 1000).toISOString(), until: new Date((s.t[i] + s.step) * 1000).toISOString() }));
  return <div class="health">
    <div class="head"><h1 tabIndex={-1}>Signal health</h1>
      <div class="filters">
        <Choice label="Offer" any="all offers" value={offer} options={offer && !offers.includes(offer) ? [offer, ...offers] : offers} onChange={v => set({ offer: v })} />
        <Choice label="Event" any="all events" value={event} options={event && !events.includes(event) ? [event, ...events] : events} onChange={v => set({ event: v })} />
        <Segments label="Time" value={range} options={Object.entries(RANGES).map(([k, v]) => [k, v[2]])} onChange={v => set({ range: v })} />
      </div></div>
    <Problem error={h.now.error} retry={h.again} />
    {!value && !h.now.error && <Wait what="Adding up the hours" />}
    {value && !value.offers.length && <Nothing><h2>Nothing in this time</h2><p>No click and no postback was counted. A longer time, or another offer?</p></Nothing>}
    {value && value.offers.length > 0 && <>
      <Pulse answer={value} range={range} words={`in the last ${RANGES[range][3]}`} />
      <Tiles s={s} b={b} range={range} offer={offer} />
      <Charts s={s} pick={pick} range={range} />
      <div class="pair">{h.all?.offers && <Offers answer={h.all} chosen={offer} range={range} />}<Events answer={value} chosen={event} range={range} offer={offer} /></div>
      <div class="trio">
        <Ranked heading="Reasons" list={s.reasons} none="Everything that came was understood and sent." to={r => address('live', { offer, verdict: r.verdict, code: r.code, since: range })} />
        <Ranked heading="Warnings" list={s.warnings} none="No warning in this time." />
        <Ranked heading="TikTok's answers" list={s.answers} none="Nothing was sent in this time." to={r => r.dead > 0 && address('live', { offer, state: 'refused', since: range })} />
      </div></>}
  </div>;
}
