// Is the signal healthy?  One sentence, or what to look at first, each with the way there.
import { count, percentile, share, span } from './format.js';
import { address, alerts, banners, server } from './state.js';
import { add, slots, total, waiting } from './tally.js';
import { Icon, Line, plain, title } from './ui.jsx';

// From where on a figure is told as bad; the tiles and tables of Health have the same.
export const LIMITS = { delivered: 0.9, quarantined: 0.02, ttclid: 0.8, delay: 60000, stuck: 0.02, age: 300000 };
const ENOUGH = 5; // a share of fewer says little

const first = list => { const r = list[0]; return r ? `, ${list.length > 1 ? 'mostly ' : ''}${plain(r.code).slice(0, 12)} ${plain(r.title || title(r.code)).slice(0, 60)}` : ''; };

// What can be wrong with an offer, the worst kind first: { weight, text, to: filters of the list, or Health } or nothing.
const KINDS = [
  (s, f) => f.dead && { weight: f.dead, to: { state: 'refused' }, text: `TikTok refused ${count(f.dead)} ${f.dead === 1 ? 'event' : 'events'}${first(s.answers.filter(a => a.dead).sort((a, b) => b.dead - a.dead))}` },
  (s, f) => f.lost && (f.received < ENOUGH || f.lost / f.received > LIMITS.quarantined) && { weight: f.lost, to: { verdict: 'quarantined' },
    text: `${count(f.lost)} of ${count(f.received)} postbacks not understood (${share(f.lost, f.received)})${first(s.reasons.filter(r => r.verdict === 'quarantined'))}` },
  (s, f) => f.stuck / f.put > LIMITS.stuck && { weight: f.stuck, to: { state: 'waiting' }, text: `${count(f.stuck)} of ${count(f.put)} events have not arrived at TikTok yet` },
  (s, f) => !f.received && f.clicks >= 20 && { weight: f.clicks, text: `${count(f.clicks)} clicks and no postback: is the tracker's postback URL set?` },
  (s, f) => f.put >= ENOUGH && f.seen / f.put < LIMITS.ttclid && { weight: f.put - f.seen, text: `only ${share(f.seen, f.put, 0)} of the events carry a ttclid, TikTok's own id of the click` },
  (s, f) => f.done >= ENOUGH && f.late > LIMITS.delay && { weight: f.late, text: `5 % of the events took ${span(f.late)} or longer to arrive` }
];

function figures(s) {
  const oldest = server.value?.outbox?.oldest, old = oldest && Date.now() - new Date(oldest) > LIMITS.age;
  return { received: total(s.received), clicks: total(s.clicks), put: total(s.put), lost: total(s.quarantined), dead: total(s.dead), done: total(s.delivered),
    late: percentile(slots(s), 0.95), seen: total(s.keys.ttclid || []), stuck: old ? total(waiting(s).slice(0, -1)) : 0 };
}

// One line of a kind: the offer that has it worst, and who else has it.
export function wrong(answer, range) {
  const offers = answer.offers.map(o => { const s = add({ ...answer, offers: [o] }); return { name: o.offer, s, f: figures(s) }; });
  return KINDS.map(kind => {
    const list = offers.map(o => ({ ...o, has: kind(o.s, o.f) })).filter(o => o.has).sort((a, b) => b.has.weight - a.has.weight);
    if (!list.length) return null;
    const { name, has } = list[0], to = has.to ? address('live', { offer: name, ...has.to, since: range }) : address('health', { range, offer: name });
    return { name, text: has.text, to, others: list.slice(1).map(o => o.name) };
  }).filter(x => x);
}

function Healthy({ answer, words }) {
  const s = add(answer), received = total(s.received), put = total(s.put), half = percentile(slots(s), 0.5), lost = total(s.quarantined);
  if (!received) return <>Nothing came {words}: no postback{total(s.clicks) ? `, ${count(total(s.clicks))} clicks` : ' and no click'}.</>;
  return <><b>The signal is healthy.</b> {count(received)} {received === 1 ? 'postback' : 'postbacks'} {words}, {lost ? `${share(lost, received)} of them not understood` : 'all understood'}.{' '}
    {put ? <>TikTok has {count(total(s.delivered))} of {count(put)} {put === 1 ? 'event' : 'events'}{half !== null && <>, half of them within {span(half)}</>}.</> : 'They made no event.'}</>;
}

export function Pulse({ answer, range = '24h', words = 'in the last 24 hours' }) {
  if (!answer?.offers) return <div class="pulse" />;
  const list = wrong(answer, range), firing = (alerts.value?.active || []).some(a => a.state !== 'pending'), told = firing || banners.value.some(b => b.level === 'error');
  const empty = !answer.offers.some(o => o.points.some(p => p.received));
  if (!list.length) return <div class={`pulse ${told ? 'bad' : empty ? '' : 'good'}`} role="status"><Icon name={told ? 'quarantined' : empty ? 'waiting' : 'check'} />
    <p>{told ? <><b>Something needs you</b>: see {firing ? <a href="#/alerts">the alerts</a> : 'the notice on top'}. Else all is well {words}.</> : <Healthy answer={answer} words={words} />}</p></div>;
  return <div class="pulse warn" role="status"><Icon name="quarantined" /><div><b>Look at {list.length === 1 ? 'this' : 'these'} first</b> <span class="dim">{words}</span>
    <ul>{list.map(f => <li><a href={f.to}><b><Line value={f.name} max={40} /></b> {f.text}</a>{f.others.length > 0 && <span class="dim" title={f.others.map(plain).join(', ')}>; also <Line value={f.others[0]} max={40} />{f.others.length > 1 && ` and ${count(f.others.length - 1)} more`}</span>}</li>)}</ul></div></div>;
}
