// What to do about those that the filter "TikTok" shows: why, and the command for all of them.
import { count } from './format.js';
import { isOf } from './rows.js';
import { add } from './tally.js';
import { Code, Copy, Line, plain } from './ui.jsx';

const word = text => /^[\w.:@%+,/-]+$/.test(text) && text[0] !== '-' ? text : `'${text.replace(/'/g, `'\\''`)}'`;
const OPTIONS = [['offer', 'offer'], ['tracker', 'tracker'], ['stage', 'status'], ['since', 'since'], ['until', 'until']];

// The filters of the list as options of `clickbaton replay`; what can't be seen is nothing to paste into a terminal.
export function command(f, code) {
  const given = OPTIONS.filter(([n]) => f[n] && plain(f[n]) === f[n]);
  return ['clickbaton replay --dead', ...given.map(([n, option]) => `--${option} ${word(f[n].replace(/\.000Z$/, 'Z'))}`), code && `--code ${code}`, '--dry-run'].filter(x => x).join(' ');
}

// TikTok's answers to those that stand in the list, the most frequent first.
function reasons(rows) {
  const seen = new Map();
  for (const e of rows.flatMap(r => r.events).filter(isOf('refused'))) {
    const a = e.answer, code = a?.code ? String(a.code) : a?.http_status ? `HTTP ${a.http_status}` : 'none';
    const r = seen.get(code) || { code, n: 0, message: a?.message || e.note };
    seen.set(code, { ...r, n: r.n + 1 });
  }
  return [...seen.values()].sort((a, b) => b.n - a.n);
}

const REMEDY = {
  refused: 'TikTok does not take it as it is. Mend what its words name in the offer\'s mapping, or at the pixel and its token, so that those to come are right',
  silent: 'No answer said that TikTok has it. Once the way is clear again it can be sent once more; what is older than 48 hours could count twice, and you are asked'
};

function Refused({ f, rows, answer }) {
  const list = reasons(rows), titles = answer ? add(answer).answers : [];
  const run = command(f, list.length === 1 && /^\d+$/.test(list[0].code) ? list[0].code : '');
  return <div class="why todo">
    {list.slice(0, 3).map(r => { const name = titles.find(t => t.code === r.code)?.title; return <div><Code code={r.code} /><div>
      <b>{name ? plain(name) : /^\d/.test(r.code) ? 'refused by TikTok' : 'no answer of TikTok'}</b> <span class="dim">{count(r.n)} of those listed</span> <Line value={r.message} max={160} />
      <p class="act"><b>What to do:</b> {/^\d/.test(r.code) ? REMEDY.refused : REMEDY.silent}.</p></div></div>; })}
    <div><div><p>They are sent again as they are, with the same event_id. All of them, first without doing it:</p>
      <pre class="lines" tabIndex={0} aria-label="The command">{run}</pre><Copy text={run} class="mini" label="Copy the command" what="The command" /></div></div>
  </div>;
}

const WORDS = {
  __proto__: null,
  waiting: 'They are sent, and tried again, by themselves. There is nothing to do unless a notice on top says so; clickbaton doctor tries the way to TikTok.',
  withdrawn: 'The visitor has refused consent before TikTok had it. It was never sent, and will not be.'
};

export function Todo({ f, rows, answer }) {
  if (f.state === 'refused') return <Refused f={f} rows={rows} answer={answer} />;
  return WORDS[f.state] ? <p class="hint todo">{WORDS[f.state]}</p> : null;
}
