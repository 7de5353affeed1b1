// A JSON body as lines with a gutter; with `now` what the current mapping makes of it is marked.
import { Text } from './ui.jsx';
import { lines } from './lines.js';

function Value({ v }) {
  if (typeof v === 'string') return <span class="j-text">"<Text value={v} max={600} />"</span>;
  return <span class={v === null ? 'j-null' : 'j-number'}>{String(v)}</span>;
}

const SIGN = { '-': 'sent, would not be now', '+': 'not sent, would be now' };

export function Json({ value, now, label }) {
  const list = lines(value, now);
  return <div class={`json${now === undefined ? '' : ' diff'}`} role="region" aria-label={label} tabIndex={0}>
    {list.map(l => <div class={l.sign === '-' ? 'gone' : l.sign === '+' ? 'new' : ''}>
      {now !== undefined && <span class="sign">{l.sign === ' ' ? ' ' : <abbr title={SIGN[l.sign]}>{l.sign === '-' ? '−' : '+'}</abbr>}</span>}
      <span class={`at d${Math.min(l.depth, 9)}`}>
        {l.key !== undefined && l.key !== null && <><span class="j-key">"<Text value={l.key} max={200} />"</span>: </>}
        {l.open ?? l.close ?? <Value v={l.value} />}{l.end}
      </span>
    </div>)}
  </div>;
}
