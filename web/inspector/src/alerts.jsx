// Alerts that fire, those that are over, and what was refused at the door and therefore is in no list.
import { useEffect } from 'preact/hooks';
import { refreshAlerts } from './api.js';
import { count, moment, span } from './format.js';
import { address, alerts, banners, server } from './state.js';
import { Code, Icon, Line, Section, Text, Wait, When, plain, remedy, title } from './ui.jsx';

const Where = ({ a }) => <>{a.offer && <a href={address('health', { offer: a.offer, event: a.event })}><Line value={a.event ? `${a.offer} · ${a.event}` : a.offer} /></a>}</>;

function Alert({ a }) {
  return <li class={`alert${a.state === 'pending' ? ' pending' : ''}`}><header><Code code={a.code} />{title(a.code) && <b>{title(a.code)}</b>}<Where a={a} />
    {a.state === 'pending' && <span class="dim">looked at again before it is told</span>}<span class="grow" /><span class="dim"><When t={a.since} short /></span></header>
    <p><Text value={a.text} /></p>
    {a.first_action && <p class="act"><b>First:</b> <Text value={a.first_action} /></p>}</li>;
}

const Past = ({ a }) => <tr><td><Code code={a.code} /></td><td><Line value={[a.offer, a.event].filter(Boolean).join(' · ') || 'the server'} /></td>
  <td class="fill"><Line value={a.text} max={300} /></td><td class="num dim"><When t={a.since} /></td><td class="num">{a.until ? span(new Date(a.until) - new Date(a.since)) : ''}</td></tr>;

function Refused({ refused: r }) {
  if (!r) return null;
  const b = r.before_reading || {};
  const odd = [['malformed', 'could not be read'], ['too_large', 'too large'], ['too_slow', 'too slow']].filter(([k]) => b[k]);
  return <Section title="Refused at the door" aside={<span class="dim">since {moment(r.since)}; stored nowhere else</span>}>
    {!r.counts?.length && !odd.length && !r.not_stored ? <p class="none">Nothing was refused.</p> : <>
      <div class="over"><table class="ranks"><thead><tr><th scope="col">Code</th><th scope="col">Offer</th><th scope="col" class="fill">What it means, and what to do</th><th scope="col" class="num">Times</th></tr></thead>
        <tbody>{(r.counts || []).map(c => <tr><td><Code code={c.code} /></td><td><Line value={c.offer || '–'} /></td><td class="fill">{title(c.code)}{remedy(c.code) && <span class="dim">: {remedy(c.code)}</span>}</td><td class="num">{count(c.count)}</td></tr>)}
          {odd.map(([k, text]) => <tr><td></td><td>–</td><td class="fill">{text}, before anything of it was looked at</td><td class="num">{count(b[k])}</td></tr>)}
          {r.not_stored > 0 && <tr><td></td><td>–</td><td class="fill bad">not stored; the sender was told to try again</td><td class="num">{count(r.not_stored)}</td></tr>}</tbody></table></div>
      {r.last?.length > 0 && <details class="numbers"><summary>The last {r.last.length}</summary><ul class="lasts">{r.last.map(l => <li><When t={l.at} /> <Code code={l.code} /> <Line value={l.offer || '–'} /> <span class="dim">from <Line value={l.address} /> with <Line value={(l.parameters || []).join(', ')} /></span></li>)}</ul></details>}</>}
  </Section>;
}

export function Alerts() {
  useEffect(() => {
    refreshAlerts().catch(() => {});
    const beat = setInterval(() => document.hidden || refreshAlerts().catch(() => {}), 10000);
    return () => clearInterval(beat);
  }, []);
  const a = alerts.value, list = banners.value.filter(b => b.kind !== 'alert');
  const active = a?.active || [], past = (a?.history || []).filter(h => h.until);
  return <div class="alerts">
    <div class="head"><h1 tabIndex={-1}>Alerts</h1></div>
    {!a && <Wait what="Asking the server" />}
    {a && !active.length && !list.length && <div class="calm"><Icon name="check" /><div><b>All is quiet</b><p>No alert fires, every pixel delivers, the last reload went well.</p></div></div>}
    {list.length > 0 && <Section title="The server itself"><ul class="alertlist">{list.map(b => <li class={`alert ${b.level}`}><header><Icon name="quarantined" /><b>{plain(b.kind)}</b><span class="grow" />{b.since && <span class="dim"><When t={b.since} short /></span>}</header><p><Text value={b.text} /></p></li>)}</ul></Section>}
    {active.length > 0 && <Section title="Firing now"><ul class="alertlist">{active.map(x => <Alert key={x.id} a={x} />)}</ul></Section>}
    <Refused refused={server.value?.refused} />
    {a && <Section title="Over"><div class="over">{past.length ? <table class="ranks"><thead><tr><th scope="col">Code</th><th scope="col">Where</th><th scope="col" class="fill">What it was</th><th scope="col" class="num">Began</th><th scope="col" class="num">Lasted</th></tr></thead>
      <tbody>{past.map(x => <Past key={x.id} a={x} />)}</tbody></table> : <p class="none">No alert has fired and ended yet.</p>}</div></Section>}
    {a?.courier === false && <p class="problem" role="alert"><Icon name="quarantined" />The process that tells the receivers has ended: restart serve.</p>}
    {a?.receivers?.length > 0 && <Section title="Receivers"><ul class="lasts">{a.receivers.map(r => <li><b><Line value={r.name} /></b> {r.delivered || !r.last_id
      ? <span class="dim">{r.last_id ? 'has the last message' : 'nothing to tell so far'}</span> : <span class="warn"><Text value={r.text || 'does not answer yet'} /></span>}</li>)}</ul></Section>}
  </div>;
}
