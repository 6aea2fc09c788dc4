// Writes rank_vectors.txt: what the npm package lexorank 1.0.5 makes of a few thousand ranks.
// In an empty folder: npm install lexorank@1.0.5; cp .../rank_vectors.mjs . ; node rank_vectors.mjs > rank_vectors.txt
import { LexoRank } from 'lexorank';

const digits = '0123456789abcdefghijklmnopqrstuvwxyz';
let state = 20241220;
const random = (below) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor((state / 4294967296) * below);
};
const pick = (list) => list[random(list.length)];
const whole = () => pick([
  () => '000000', () => 'zzzzzz', () => '00000' + pick(digits), () => 'zzzzz' + pick(digits), () => '100000', () => 'hzzzzz',
  () => 'i0000' + pick(digits), () => Array.from({ length: 6 }, () => pick(digits)).join(''), () => Array.from({ length: 6 }, () => pick(digits)).join(''),
])();
const fraction = () => {
  const length = pick([0, 0, 0, 1, 1, 2, 3, 5, 8, 20, 60]);
  const text = Array.from({ length }, () => pick(pick(['0', 'z', digits, digits]))).join('');
  return text.replace(/0+$/, '');
};
const rank = () => {
  const text = `${pick(['0', '0', '0', '0', '1', '2'])}|${whole()}:${fraction()}`;
  // Above the highest rank the package has no rules.
  return text.startsWith('zzzzzz:', 2) ? text.slice(0, 9) : text;
};
const near = (text) => {
  const [left, right] = text.split(':');
  return pick([
    () => `${left}:${right}${pick(digits.slice(1))}`,
    () => `${left}:${right}${'0'.repeat(random(6))}${pick(digits.slice(1))}`,
    () => `${left}:${right}${'z'.repeat(1 + random(6))}`,
    () => `${left}:${right.slice(0, random(right.length + 1)).replace(/0+$/, '')}`,
    () => `${left}:${fraction()}`,
    () => LexoRank.parse(text).genNext().toString(),
    () => LexoRank.parse(text).genPrev().toString(),
  ])();
};

const lines = [];
const once = (text) => {
  lines.push(`next ${text} ${LexoRank.parse(text).genNext()}`, `prev ${text} ${LexoRank.parse(text).genPrev()}`);
};
const between = (left, right) => {
  if (left === right || left.startsWith('zzzzzz:', 2) && left.length > 9 || right.startsWith('zzzzzz:', 2) && right.length > 9) return;
  lines.push(`between ${left} ${right} ${LexoRank.parse(left).between(LexoRank.parse(right))}`);
};
const walk = (word, text, count) => {
  let at = LexoRank.parse(text);
  for (let step = 0; step < count; step += 1) at = word === 'nexts' ? at.genNext() : at.genPrev();
  lines.push(`${word} ${text} ${count} ${at}`);
};
// Inserts again and again at one spot; the pattern says which neighbour the new rank takes the place of.
const inserts = (left, right, pattern, count) => {
  let [below, above] = [LexoRank.parse(left), LexoRank.parse(right)];
  let last = below;
  for (let step = 0; step < count; step += 1) {
    last = below.between(above);
    if (pattern[step % pattern.length] === 'l') below = last; else above = last;
  }
  lines.push(`inserts ${left} ${right} ${pattern} ${count} ${last}`);
};

for (const text of ['0|000000:', '0|zzzzzz:', '0|hzzzzz:', '0|100000:', '0|y00000:', '1|000000:', '2|zzzzzz:', '0|000008:', '0|000009:', '0|zzzzzr:', '0|zzzzzq:']) once(text);
for (let step = 0; step < 450; step += 1) once(rank());
for (let step = 0; step < 700; step += 1) {
  const left = rank();
  const right = rank();
  between(left, left.slice(0, 1) + right.slice(1));
}
for (let step = 0; step < 1000; step += 1) {
  const left = rank();
  if (left.startsWith('zzzzzz', 2)) continue;
  between(left, near(left));
}
between('0|000000:', '0|zzzzzz:');
for (const count of [1, 2, 3, 10, 100, 1000]) { walk('nexts', '0|hzzzzz:', count); walk('prevs', '0|hzzzzz:', count); }
for (const count of [1, 2, 3, 4, 5, 6, 7, 20, 100, 500, 1000]) { walk('nexts', '0|zzzzz0:', count); walk('prevs', '0|0000z0:', count); }
for (const [left, right] of [['0|hzzzzz:', '0|i00007:'], ['0|000000:', '0|zzzzzz:'], ['0|000000:', '0|000001:'], ['0|zzzzzy:', '0|zzzzzz:'], ['0|hzzzzz:4', '0|hzzzzz:5zz'], ['1|aaaaaa:', '1|aaaaaa:00001']]) {
  for (const pattern of ['l', 'r', 'lr', 'llr', 'rrrl', 'lrrllrlllr']) {
    for (const count of [1, 2, 3, 5, 8, 13, 34, 144, 377]) inserts(left, right, pattern, count);
  }
}
process.stdout.write(`${lines.join('\n')}\n`);
