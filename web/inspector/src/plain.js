// Text that others wrote.
// What can't be seen, turns the direction of writing or piles up is shown as a mark that can be read.
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]|\p{M}{4,}/gu;
const NAMES = { 0: 'NUL', 7: 'BEL', 8: 'BS', 9: 'TAB', 10: 'LF', 13: 'CR', 27: 'ESC', 127: 'DEL' };
export const mark = c => {
  const n = c.codePointAt(0), more = [...c].length;
  return (NAMES[n] || 'U+' + n.toString(16).toUpperCase().padStart(4, '0')) + (more > 1 ? `×${more}` : '');
};
export const plain = text => String(text ?? '').replace(UNSEEN, c => `‹${mark(c)}›`);

// The first n characters, and a sign that there are more; never half of one.
export const cut = (text, n, sign = '…') => text.length > n ? text.slice(0, n).replace(/[\ud800-\udbff]$/, '') + sign : text;
