// Charts over time as SVG: stacked bars and lines, exact numbers at the pointer or the arrow keys, and the same as a table.
// d3 chooses where the axes get their marks (days of 23 and 25 hours included; the days that the server adds up are those of UTC); colours are those of style.css.
import { signal } from '@preact/signals';
import { ticks } from 'd3-array';
import { timeTicks, utcTicks } from 'd3-time';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { date, day, hhmm, moment } from './format.js';

// Where somebody points, in all charts that belong together.
const pointed = signal({ sync: '', i: -1 });

function useWidth(first) {
  const ref = useRef(), [width, set] = useState(first);
  useLayoutEffect(() => {
    const read = () => ref.current && set(Math.max(120, Math.round(ref.current.clientWidth)));
    const watch = new ResizeObserver(read);
    read();
    watch.observe(ref.current);
    return () => watch.disconnect();
  }, []);
  return [ref, width];
}

// ---- scales ----

const LOG = [10, 100, 1000, 10000, 60000, 600000, 3600000, 86400000];

function vertical(p, top, bottom) {
  const values = p.kind === 'bars' ? p.t.map((t, i) => p.series.reduce((a, s) => a + (s.values[i] || 0), 0)) : p.series.flatMap(s => s.values.filter(v => v !== null));
  const high = Math.max(0, ...values);
  if (!p.log) {
    const most = high * 1.06 || 1;
    return { y: v => bottom - v / most * (bottom - top), marks: ticks(0, most, (bottom - top) / 38).filter(v => !p.whole || v === Math.floor(v)) };
  }
  const low = Math.min(...values.filter(v => v > 0)), from = Math.log10(Math.max(10, (isFinite(low) ? low : 100) * 0.6)), to = Math.log10(Math.max(1000, high * 1.6));
  const y = v => bottom - (Math.log10(Math.max(v, 1)) - from) / (to - from) * (bottom - top);
  let last = Infinity;
  return { y, marks: LOG.filter(v => { const at = y(v); if (at > bottom + 1 || at < top || last - at < 22) return false; last = at; return true; }) };
}

const midnight = d => d.getHours() === 0 && d.getMinutes() === 0;

// ---- what is drawn ----

// All bars of a series are one path; what is there at all is at least a line high.
function bars(p, x, y) {
  const base = p.t.map(() => 0), wide = x(p.t[0] + p.step) - x(p.t[0]), gap = Math.min(3, wide * 0.14);
  return p.series.map(s => {
    let d = '';
    s.values.forEach((v, i) => {
      if (!v) return;
      const low = y(base[i]), high = Math.min(y(base[i] + v), low - 1.2);
      base[i] += v;
      d += `M${(x(p.t[i]) + gap / 2).toFixed(1)} ${low.toFixed(1)}h${(wide - gap).toFixed(1)}V${high.toFixed(1)}h-${(wide - gap).toFixed(1)}z`;
    });
    return <path class="bars" data-series={s.name} d={d} style={{ fill: `var(--${s.colour})` }} />;
  });
}

function lines(p, x, y, bottom) {
  const middle = t => x(t + p.step / 2);
  return p.series.map(s => {
    let d = '', dots = [], pen = false;
    s.values.forEach((v, i) => {
      if (v === null) { pen = false; return; }
      d += `${pen ? 'L' : 'M'}${middle(p.t[i]).toFixed(1)} ${y(v).toFixed(1)}`;
      if (!pen && (s.values[i + 1] ?? null) === null) dots.push(<circle r="2.5" cx={middle(p.t[i])} cy={y(v)} style={{ fill: `var(--${s.colour})` }} />);
      pen = true;
    });
    const area = s.area && d && `${d}L${middle(p.t[p.t.length - 1]).toFixed(1)} ${bottom}L${middle(p.t[0]).toFixed(1)} ${bottom}z`;
    return <>{area && <path d={area} class="area" style={{ fill: `var(--${s.colour})` }} />}
      <path class="curve" data-series={s.name} d={d} style={{ stroke: `var(--${s.colour})` }} stroke-dasharray={s.dash} />{dots}</>;
  });
}

function Axes({ p, x, y, marks, left, right, bottom }) {
  const days = p.step >= 86400;
  const times = (days ? utcTicks : timeTicks)(new Date(p.from * 1000), new Date(p.to * 1000), Math.max(2, Math.round((right - left) / 80)))
    .filter(d => { const at = x(d / 1000); return at > left + 14 && at < right - 18; });
  return <g class="axes" aria-hidden="true">
    {!p.small && marks.map(v => <><line x1={left} x2={right} y1={Math.round(y(v)) + 0.5} y2={Math.round(y(v)) + 0.5} class={v ? '' : 'zero'} /><text x={left - 8} y={y(v) + 3.5} class="end">{p.axis ? p.axis(v) : v}</text></>)}
    {p.small && <line x1={left} x2={right} y1={bottom + 0.5} y2={bottom + 0.5} class="zero" />}
    {times.map(d => <text x={x(d / 1000)} y={bottom + 16} class={!days && midnight(d) ? 'mid day' : 'mid'}>{days ? day(d) : midnight(d) ? date(d) : hhmm(d)}</text>)}
  </g>;
}

const label = (t, step) => step >= 86400 ? `${day(t * 1000)} (UTC)` : `${date(t * 1000)}, ${hhmm(t * 1000)} to ${hhmm((t + step) * 1000)}`;

// Beside where somebody points, and inside of the chart however much stands in it.
function Tip({ middle, width, children }) {
  const ref = useRef();
  useLayoutEffect(() => {
    const w = ref.current.offsetWidth, wanted = middle > width / 2 ? middle - 12 - w : middle + 12;
    ref.current.style.left = `${Math.round(Math.max(0, Math.min(width - w, wanted)))}px`;
  });
  return <div class="tip" ref={ref}>{children}</div>;
}

export function Chart(p) {
  const [box, width] = useWidth(600);
  const [mine, setMine] = useState(-1); // pointed at here
  const [keyed, setKeyed] = useState(false);
  const height = p.height || 190, left = p.small ? 0 : 46, right = width - (p.small ? 0 : 6), top = p.small ? 3 : 10, bottom = height - (p.small ? 20 : 26);
  const x = t => left + (t - p.from) / (p.to - p.from) * (right - left);
  const { y, marks } = vertical(p, top, bottom);
  const shared = p.sync && pointed.value.sync === p.sync ? pointed.value.i : -1;
  const at = mine >= 0 ? mine : shared < p.t.length ? shared : -1;
  const show = p.format || String, say = s => s.values[at] === null ? '–' : show(s.values[at], s);

  const point = i => { setMine(i); if (p.sync) pointed.value = { sync: p.sync, i }; };
  const pointer = e => {
    const r = e.currentTarget.getBoundingClientRect(), i = Math.floor(((e.clientX - r.left) * width / r.width - left) / (right - left) * p.t.length);
    setKeyed(false);
    point(i >= 0 && i < p.t.length ? i : -1);
  };
  const keys = e => {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[e.key];
    if (e.key === 'Escape' && mine >= 0) { point(-1); e.stopPropagation(); e.preventDefault(); }
    if (e.key === 'Enter' && mine >= 0 && p.onPick) p.onPick(mine);
    if (!by) return;
    e.preventDefault();
    setKeyed(true);
    point(mine < 0 && Math.abs(by) === 1 ? (by > 0 ? 0 : p.t.length - 1) : Math.max(0, Math.min(p.t.length - 1, mine + by)));
  };
  const middle = at >= 0 ? x(p.t[at] + p.step / 2) : 0;
  return <div class={`chart${p.small ? ' small' : ''}${p.onPick ? ' picks' : ''}`}>
    <div class="plot" ref={box} style={{ height: `${height}px` }} tabIndex={0} role="img"
      aria-label={`${p.label}. ${p.summary || ''} Arrow keys read single values${p.onPick ? ', Enter opens them in the list' : ''}.`}
      onKeyDown={keys} onBlur={() => mine >= 0 && point(-1)} onPointerMove={pointer} onPointerLeave={() => point(-1)} onClick={() => mine >= 0 && p.onPick && p.onPick(mine)}>
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        <Axes p={p} x={x} y={y} marks={marks} left={left} right={right} bottom={bottom} />
        {at >= 0 && (p.kind === 'bars' ? <rect class="here" x={x(p.t[at])} y={top} width={x(p.t[at] + p.step) - x(p.t[at])} height={bottom - top} /> : <line class="here" x1={middle} x2={middle} y1={top} y2={bottom} />)}
        {p.kind === 'bars' ? bars(p, x, y) : lines(p, x, y, bottom)}
        {at >= 0 && p.kind === 'lines' && p.series.map(s => s.values[at] !== null && <circle class="spot" r="3.5" cx={middle} cy={y(s.values[at])} style={{ fill: `var(--${s.colour})` }} />)}
      </svg>
      {mine >= 0 && at >= 0 && <Tip middle={middle} width={width}>
        <b>{label(p.t[at], p.step)}</b>
        {p.series.slice().reverse().map(s => <span><i style={{ background: `var(--${s.colour})` }} />{s.name}<em>{say(s)}</em></span>)}
        {p.total && <span class="sum">{p.total}<em>{show(p.series.reduce((a, s) => a + (s.values[at] || 0), 0))}</em></span>}
      </Tip>}
    </div>
    {!p.small && <div class="legend" aria-hidden="true">{p.series.map(s => <span><i class={s.dash ? 'dash' : p.kind === 'lines' ? 'solid' : ''} style={{ '--c': `var(--${s.colour})` }} />{s.name}{at >= 0 && mine < 0 && <em>{say(s)}</em>}</span>)}</div>}
    <p class="sr" aria-live="polite">{keyed && mine >= 0 ? `${label(p.t[at], p.step)}: ${p.series.map(s => `${s.name} ${say(s)}`).join(', ')}` : ''}</p>
    {!p.small && <Numbers {...p} show={show} />}
  </div>;
}

// The same numbers, for a screen reader and for whoever wants to copy them.
function Numbers(p) {
  const [open, setOpen] = useState(false);
  const filled = p.t.map((t, i) => i).filter(i => p.series.some(s => s.values[i]));
  return <details class="numbers" onToggle={e => setOpen(e.currentTarget.open)}>
    <summary>Numbers<span class="sr"> of {p.label}</span></summary>
    {open && <div class="scroll" tabIndex={0} role="region" aria-label={`${p.label} as a table`}><table>
      <thead><tr><th scope="col">From</th>{p.series.map(s => <th scope="col" class="num">{s.name}</th>)}</tr></thead>
      <tbody>{filled.map(i => <tr><th scope="row">{p.step >= 86400 ? day(p.t[i] * 1000) : moment(p.t[i] * 1000).slice(0, -3)}</th>
        {p.series.map(s => <td class="num">{s.values[i] === null ? '–' : p.show(s.values[i], s)}</td>)}</tr>)}
      {!filled.length && <tr><td colSpan={p.series.length + 1}>nothing in this time</td></tr>}</tbody></table></div>}
  </details>;
}

// A line without axes, beside a name.
export function Spark({ values, colour: c = 'blue' }) {
  if (!values.length) return null;
  if (values.length === 1) values = [values[0], values[0]];
  const n = values.length, high = Math.max(...values, 0) || 1;
  const x = i => i / (n - 1) * 100, y = v => 19 - v / high * 17;
  const line = values.map((v, i) => `${i ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v || 0).toFixed(1)}`).join('');
  return <svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">
    <path class="area" d={`${line}L100 20L0 20Z`} style={{ fill: `var(--${c})` }} />
    <path class="curve" d={line} style={{ stroke: `var(--${c})` }} vector-effect="non-scaling-stroke" /></svg>;
}
