// JSON as lines to show, and two JSONs as one list of lines with what differs marked: ' ', '-' (only in a), '+' (only in b).
const isMap = v => v && typeof v === 'object';
const empty = v => Array.isArray(v) ? '[]' : '{}';

function whole(out, sign, depth, key, v, last) {
  if (!isMap(v)) return void out.push({ sign, depth, key, value: v, end: last ? '' : ',' });
  const keys = Object.keys(v), list = Array.isArray(v);
  if (!keys.length) return void out.push({ sign, depth, key, open: empty(v), end: last ? '' : ',' });
  out.push({ sign, depth, key, open: list ? '[' : '{' });
  keys.forEach((k, i) => whole(out, sign, depth + 1, list ? null : k, v[k], i === keys.length - 1));
  out.push({ sign, depth, close: list ? ']' : '}', end: last ? '' : ',' });
}

function both(out, depth, key, a, b, last) {
  if (isMap(a) && isMap(b) && Array.isArray(a) === Array.isArray(b) && Object.keys(a).length && Object.keys(b).length) {
    const list = Array.isArray(a);
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    out.push({ sign: ' ', depth, key, open: list ? '[' : '{' });
    keys.forEach((k, i) => {
      const end = i === keys.length - 1, name = list ? null : k;
      if (!Object.hasOwn(b, k)) whole(out, '-', depth + 1, name, a[k], end);
      else if (!Object.hasOwn(a, k)) whole(out, '+', depth + 1, name, b[k], end);
      else both(out, depth + 1, name, a[k], b[k], end);
    });
    out.push({ sign: ' ', depth, close: list ? ']' : '}', end: last ? '' : ',' });
  } else if (JSON.stringify(a) === JSON.stringify(b)) whole(out, ' ', depth, key, a, last);
  else { whole(out, '-', depth, key, a, last); whole(out, '+', depth, key, b, last); }
}

export function lines(a, b) {
  const out = [];
  if (b === undefined) whole(out, ' ', 0, null, a, true);
  else both(out, 0, null, a, b, true);
  return out;
}

// One for each run of changed lines that belong together: a value that changed is one difference.
export function differences(list) {
  let n = 0;
  list.forEach((l, i) => { if (l.sign !== ' ' && (!i || list[i - 1].sign === ' ' || (l.sign === '-' && list[i - 1].sign === '+'))) n++; });
  return n;
}
