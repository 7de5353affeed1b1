// One postback: what came, what was understood, what was sent and answered, and what the current mapping makes of it.
import { useState } from 'preact/hooks';
import { get } from './api.js';
import { money, moment, span, time } from './format.js';
import { Json } from './json.jsx';
import { differences, lines } from './lines.js';
import { Replay } from './replay.jsx';
import { address, back, go, route, say } from './state.js';
import { Walked } from './chain.jsx';
import { order } from './rows.js';
import { Code, Copy, Icon, Id, Line, Nothing, Problem, Section, Segments, State, Text, Verdict, Wait, When, plain, remedy, title, useAnswer } from './ui.jsx';

const gap = (from, to) => from && to ? span(new Date(to) - new Date(from)) : '';

// ---- the story in one line: click, postback, event, answer ----

function Stop({ kind, name, t, after, children, c }) {
  return <li class={`stop ${c || ''}`}>{after !== undefined && <span class="gap">{after && <>+{after}</>}</span>}
    <span class="dot" aria-hidden="true"><Icon name={kind} /></span><b>{name}</b><span class="dim">{t ? <When t={t} /> : ' '}</span><span class="detail">{children}</span></li>;
}

function Way({ pb, click }) {
  const e = pb.events[0], last = e?.attempts?.[e.attempts.length - 1];
  const done = last && new Date(Date.parse(last.at) + last.took_ms).toISOString();
  return <ol class="way" aria-label="The way of this conversion">
    <Stop kind={click ? 'delivered' : 'help'} c={click ? 'ok' : 'absent'} name="Click" t={click?.at}>{click ? (click.ttclid ? 'with ttclid' : 'without ttclid') : 'none registered'}</Stop>
    <Stop kind={pb.verdict} c={pb.verdict === 'queued' ? 'ok' : pb.verdict === 'quarantined' ? 'warn' : 'absent'} name="Postback" t={pb.at} after={click ? gap(click.at, pb.at) : ''}><Verdict verdict={pb.verdict} /></Stop>
    {e ? <Stop kind="send" c="ok" name={plain(e.event).slice(0, 60)} t={e.created} after={gap(pb.at, e.created)}>{money(e.value, e.currency) || 'no value'}{pb.events.length > 1 && `, +${pb.events.length - 1} more`}</Stop>
      : <Stop kind="ignored" c="absent" name="No event" after="">nothing was sent</Stop>}
    {e && <Stop kind={e.state === 'delivered' ? 'delivered' : e.state === 'dead' ? 'dead' : 'waiting'} c={e.state === 'delivered' ? 'ok' : e.state === 'dead' ? 'bad' : 'warn'} name="TikTok" t={done} after={gap(e.created, done)}>
      {e.state === 'delivered' ? `${plain(last?.message || 'OK').slice(0, 90)}${e.attempts.length > 1 ? ` at try ${e.attempts.length}` : ''}` : last ? `${last.code ? last.code + ' ' : ''}${plain(last.message || `HTTP ${last.http_status}`)}`.slice(0, 90) : e.note ? plain(e.note).slice(0, 90) : 'on its way'}</Stop>}
  </ol>;
}

// ---- column 1: what came in ----

function Params({ pb, again }) {
  const used = {};
  Object.entries(again?.fields || {}).forEach(([f, v]) => { if (v.from === 'param') (used[v.name] ||= []).push(f); });
  return <Section title="Came in" aside={<span class="dim">{plain(pb.method).slice(0, 8)} · {pb.params.length} parameters</span>}>
    {pb.gone ? <p class="none">The parameters were removed after their time (<code>retention:</code>).</p> :
      <table class="kv"><tbody>{pb.params.map(([k, v]) => <tr><th scope="row"><Line value={k} />{used[k] && <span class="maps">{used[k].map(plain).join(', ')}</span>}</th>
        <td class="mono"><Text value={v} />{v === '' && <span class="dim">empty</span>}</td></tr>)}</tbody></table>}
  </Section>;
}

const CLICK = [['at', 'came'], ['click_id'], ['ttclid'], ['event_id'], ['ttp'], ['consent'], ['country'], ['page_url'], ['referrer'], ['ip'], ['user_agent']];
function Click({ click }) {
  return <Section title="Click" aside={click?.keyed ? <span class="dim">registered with the key</span> : ''}>
    {click ? <table class="kv"><tbody>{CLICK.filter(([k]) => click[k]).map(([k, name]) => <tr><th scope="row">{name || k}</th>
      <td class="mono">{k === 'at' ? <When t={click.at} /> : <Text value={click[k]} />}</td></tr>)}</tbody></table>
      : <p class="none">No click with these ids was registered. A click that comes before its postback brings ttclid, page and address: see <code>docs/lander.md</code>.</p>}
  </Section>;
}

// ---- column 2: what was understood, and where each value comes from ----

const File = ({ at }) => <span class="file" title={plain(at)}><Line value={at.replace(' (built in)', '')} /></span>;
const FROM = { __proto__: null, param: 'parameter', click: 'the click', derived: 'made from', mapping: 'the word', constant: 'mapping', default: 'default' };
// Broken where its parts end, not within a word.
const Path = ({ of }) => String(of).length > 120 ? <Text value={of} max={120} /> : String(of).split(/(?<=[._])/).map(part => <><Text value={part} /><wbr /></>);
function Fields({ again, why, at }) {
  const fields = Object.entries(again?.fields || {}), steps = again?.steps || [];
  return <Section title="Understood" aside={<span class="dim">by the mapping in force{at ? `, ${time(at)}` : ''}</span>}>
    {!again && <p class="none"><Text value={why || 'It can not be translated now.'} /></p>}
    {again && <>
      <h3>Read from the postback</h3>
      <ul class="origin">{fields.map(([f, v]) => <li><b class="mono"><Path of={f} /></b><span class="mono val"><Text value={v.value} max={110} /></span>
        <span class="from">{FROM[v.from] || plain(v.from)} {v.name && <code><Line value={v.name} /></code>}{v.at && <File at={v.at} />}</span></li>)}
        {!fields.length && <li class="none">Nothing of it is named by the mapping.</li>}</ul>
      {steps.length > 0 && <><h3>Put into the event</h3>
        <ul class="origin">{steps.map(s => <li><b class="mono"><Path of={s.field} /></b><span class="mono val"><Text value={s.value} max={110} /></span>
          <span class="from"><Text value={s.done} max={240} />{s.at && <File at={s.at} />}</span></li>)}</ul></>}
    </>}
  </Section>;
}

// ---- column 3: what was sent, what was answered, what would be sent now ----

function Attempts({ e }) {
  return <div class="attempts"><h3>{e.attempts.length ? `${e.attempts.length} ${e.attempts.length === 1 ? 'try' : 'tries'}` : 'Not tried yet'}
    {e.state !== 'delivered' && e.state !== 'dead' && e.due && <span class="dim"> · next at {time(e.due)}</span>}</h3>
    {e.attempts.length > 0 && <ol>{e.attempts.map(a => <li class={a.code === 0 && a.http_status === 200 ? 's-delivered' : 's-dead'}>
      <span class="dim"><time dateTime={a.at} title={`${moment(a.at)} · ${a.at}`}>{time(a.at)}</time></span><span class="num">{span(a.took_ms)}</span>
      <span class="answer"><b>{a.http_status ? `HTTP ${a.http_status}` : 'no answer'}</b> {a.code !== undefined && a.code !== null && a.http_status ? <span class="mono">{a.code}</span> : ''} <Text value={a.message} max={300} />
        {a.request_id && <span class="request mono"><Line value={a.request_id} /><Copy text={a.request_id} class="mini" label="Copy the request id" what="The request id" /></span>}</span></li>)}</ol>}
    {e.note && <p class="note"><Text value={e.note} /></p>}</div>;
}

const same = (e, d) => d.event === e.event;
const made = again => (again?.bodies || []).flatMap(b => (b.data || []).map(d => ({ pixel: b.event_source_id, ...{ body: d } })));

function Event({ e, now, ask, translated }) {
  const changed = e.body && now ? differences(lines(e.body, now)) : 0;
  const [view, setView] = useState(null);
  const shown = view || (changed ? 'diff' : 'sent');
  return <Section class="event" title={<><Line value={e.event} />{' '}<span class="amount">{money(e.value, e.currency)}</span></>} aside={<State state={e.state} />}>
    <p class="ids"><Id name="event_id" value={e.event_id} /><Id name="pixel" value={e.pixel} />{e.test_code && <Id name="test" value={e.test_code} />}
      {e.original_currency && e.original_currency !== e.currency && <span class="id"><span class="dim">was</span>{money(e.original_value, e.original_currency)}</span>}</p>
    <Attempts e={e} />
    {e.state === 'dead' && <p><button class="button" onClick={() => ask({ events: [e.id] })}><Icon name="send" />Send again…</button></p>}
    <div class="body-head">{e.body && now && changed > 0 ? <Segments label="Body" value={shown} onChange={setView} options={[['sent', 'Body sent'], ['diff', `Against the current mapping: ${changed}`]]} /> : <h3>{e.body ? 'Body sent' : 'The body was removed after its time'}</h3>}
      {e.body && <Copy text={JSON.stringify(e.body, null, 1)} class="mini" label="Copy the body" what="The body" />}</div>
    {e.body && <Json value={e.body} now={shown === 'diff' && now ? now : undefined} label={shown === 'diff' ? 'Body sent, and what the current mapping makes of it' : 'Body sent'} />}
    {e.body && translated && (!now ? <p class="hint warn"><Icon name="quarantined" />The current mapping would not send this event.</p>
      : !changed && <p class="hint"><Icon name="check" />The current mapping makes exactly the same of it.</p>)}
  </Section>;
}

// Of what was not sent: what the current mapping would do.
function Would({ again, others }) {
  const list = made(again).filter(d => !others.some(e => same(e, d.body)));
  if (!list.length) return null;
  return list.map(d => <Section class="event would" title={<><Line value={d.body.event} /> <span class="amount">{money(d.body.properties?.value, d.body.properties?.currency)}</span></>} aside={<span class="dim">would be sent now</span>}>
    <Json value={d.body} label="Body that the current mapping makes" /></Section>);
}

// ---- what is wrong, and what to do ----

// The lines that make a mapping know the word, for Q002: a stage to choose, the word as YAML reads it.
const plainWord = /^(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z_][a-z0-9_-]*$/i;
function Lines({ offer, word }) {
  const line = `  sale: [${plainWord.test(word) ? word : JSON.stringify(word)}]`;
  return <div class="act"><p>In the mapping of <b><Line value={offer} /></b>, for example (<code>lead</code>, <code>hold</code>, <code>sale</code>, <code>rebill</code>, <code>rejected</code>: whatever the word means):</p>
    <pre class="lines">stages:{'\n'}<Text value={line} max={300} /></pre><Copy text={`stages:\n${line}\n`} class="mini" label="Copy the lines" what="What to add" /></div>;
}

function Why({ pb, again, ask, ready }) {
  const ok = again && again.verdict === 'queued';
  if (pb.verdict === 'queued' && !pb.warnings.length) return null;
  return <div class={`why ${pb.verdict === 'quarantined' ? 'warn' : ''}`}>
    {pb.code && <div><Code code={pb.code} /><div><b>{title(pb.code) || plain(pb.code)}</b><p><Text value={pb.reason} /></p>
      {remedy(pb.code) && <p class="act"><b>What to do:</b> {remedy(pb.code)}.</p>}
      {pb.code === 'Q002' && !ok && again?.fields?.status?.value && <Lines offer={pb.offer} word={again.fields.status.value} />}
      {pb.verdict === 'quarantined' && <p class="act">{ok
        ? <><b>Mended:</b> the mapping in force now makes {made(again).map(d => `${plain(d.body.event).slice(0, 60)} ${money(d.body.properties?.value, d.body.properties?.currency)}`).join(', ') || 'an event'} of it. <button class="button primary" disabled={!ready} onClick={() => ask({ postbacks: [pb.id] })}><Icon name="send" />Replay…</button></>
        : again && <>The mapping in force now says the same{again.code !== pb.code && <> in another way: <Code code={again.code} /> <Text value={again.reason} /></>}. Mend it, reload (<code>systemctl reload clickbaton</code>, or without systemd <code>kill -HUP $(cat data/lock)</code> in the server's folder), then translate again.</>}</p>}</div></div>}
    {pb.warnings.map(w => { const code = w.code ?? w, text = w.text; return <div><Code code={code} /><div><b>{title(code) || plain(code).slice(0, 60)}</b>{text && <p><Text value={text} /></p>}
      {remedy(code) && !/^Q/.test(code) && <p class="act"><b>What to do:</b> {remedy(code)}.</p>}</div></div>; })}
  </div>;
}

function step(id, by) {
  const i = order.indexOf(Number(id));
  return i < 0 ? null : order[i + by] ?? null;
}

export function Conversion() {
  const id = route.value.id;
  const c = useAnswer(signal => get(`conversion/${encodeURIComponent(id)}`, null, signal), [id]);
  const [asked, ask] = useState(null);
  const a = c.value, pb = a?.postbacks?.[0];
  const translate = () => { c.again(); say('Translated again with the mapping in force; nothing was changed'); };
  if (c.error && !a) return <div><Head id={id} /><Nothing><h2>{c.error.status === 404 ? 'There is no such row' : 'It could not be read'}</h2><p>{plain(c.error.message)}</p><p><a class="button" href={back}>Back</a></p></Nothing></div>;
  if (!pb || String(pb.id) !== id) return <div><Head id={id} /><Wait what="Reading its story" /></div>;
  const list = made(a.again);
  return <div class="conversion">
    <Head id={id} pb={pb}>
      <button class="button" onClick={translate} disabled={c.loading}><Icon name="again" />Translate again</button>
      <Copy text={a.curl} what="The curl command">Copy as curl</Copy>
      <Copy text={a.test} what="The test">Copy as a mapping test</Copy>
      <button class="button" disabled={pb.verdict !== 'quarantined' || pb.gone} title={pb.verdict === 'quarantined' ? '' : 'only what is quarantined is replayed'} onClick={() => ask({ postbacks: [pb.id] })}><Icon name="send" />Replay…</button>
    </Head>
    <p class="ids"><Id name="click_id" value={pb.click_id} /><Id name="ttclid" value={pb.ttclid} /><Id name="event_id" value={pb.event_id} /><Id name="txid" value={pb.txid} />
      {pb.rule && <span class="id"><span class="dim">rule</span><Line value={`${pb.rule.file}:${pb.rule.line}`} /></span>}</p>
    <Why pb={pb} again={a.again} ask={ask} ready={!c.loading} />
    <Way pb={pb} click={a.click} />
    <div class="columns">
      <div><Params pb={pb} again={a.again} /><Click click={a.click} /></div>
      <div><Fields again={a.again} why={a.again_why} at={c.at} /></div>
      <div>{pb.events.map(e => <Event key={e.id} e={e} translated={a.again} now={list.find(d => same(e, d.body) && d.pixel === e.pixel)?.body ?? list.find(d => same(e, d.body))?.body} ask={ask} />)}
        <Would again={a.again} others={pb.events} />
        {!pb.events.length && !list.length && <Section title="Sent"><p class="none">Nothing was sent, and nothing would be now.</p></Section>}</div>
    </div>
    <Walked a={a} />
    {asked && <Replay {...asked} onClose={done => { ask(null); if (done) c.again(); }} />}
  </div>;
}

function Head({ id, pb, children }) {
  const before = step(id, -1), after = step(id, 1);
  return <div class="head"><a class="mini back" href={back} aria-label="Back to the list" data-key="Escape"><Icon name="back" /></a>
    <h1 tabIndex={-1}>{pb ? <><Verdict verdict={pb.verdict} /><Line value={pb.offer} /><span class="dim"> · <Line value={pb.stage || 'no stage'} /> · <Line value={pb.tracker} /> · <When t={pb.at} /></span></> : `Postback ${plain(id)}`}</h1>
    <div class="acts">{children}
      <span class="steps"><button class="mini" disabled={before === null} aria-label="The newer one" data-key="k" onClick={() => go(address('c', {}, before), true)}><Icon name="back" /></button>
        <button class="mini" disabled={after === null} aria-label="The older one" data-key="j" onClick={() => go(address('c', {}, after), true)}><Icon name="next" /></button></span></div></div>;
}
