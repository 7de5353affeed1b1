// The last 24 hours above the live list; a bar opens its hour.
import { useEffect } from 'preact/hooks';
import { get } from './api.js';
import { Chart } from './chart.jsx';
import { count } from './format.js';
import { address, go } from './state.js';
import { add, total } from './tally.js';
import { useAnswer } from './ui.jsx';

export const VERDICTS = [['queued', 'queued'], ['duplicate', 'duplicate'], ['ignored', 'ignored'], ['quarantined', 'quarantined']];

export function useDay(offer) {
  const answer = useAnswer(signal => get('health', { step: 3600, since: '23h', offer }, signal), [offer]);
  useEffect(() => {
    const beat = setInterval(() => document.hidden || answer.again(), 30000);
    return () => clearInterval(beat);
  }, []);
  return answer.value?.offers ? answer.value : null;
}

export function Bars({ filter, answer }) {
  if (!answer) return <div class="strip" />;
  const sum = add(answer);
  const wanted = VERDICTS.filter(([v]) => !filter.verdict || filter.verdict === v);
  const pick = i => go(address('live', { ...filter, since: new Date(sum.t[i] * 1000).toISOString(), until: new Date((sum.t[i] + 3600) * 1000).toISOString() }));
  return <div class="strip">
    <Chart small kind="bars" label="Postbacks of the last 24 hours by verdict" height={74} whole
      summary={`${count(total(sum.received))} received, ${count(total(sum.quarantined))} quarantined.`}
      t={sum.t} from={sum.from} to={sum.to} step={3600} format={count} total="received" onPick={pick}
      series={wanted.map(([v, name]) => ({ name, colour: v, values: sum[v] }))} shape={filter.verdict || ''} />
  </div>;
}
