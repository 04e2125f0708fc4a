// The curves of generated slides, one line for each quality and noise over all scenes together, as a small SVG.
import { auc, rocPoints } from './roc.mjs';

const side = 360;
const margin = 48;
const colours = { 50: '#1b6ca8', 75: '#2a9d4a', 90: '#c2571a' };
const dashes = ['none', '6 3', '2 3'];

/** `cases`: { quality, noise, truth: { level0 } }. */
export function rocPlot(cases) {
  const groups = group(cases, (one) => `${one.quality}/${one.noise}`);
  const noises = [...new Set(cases.map((one) => one.noise))].sort((a, b) => a - b);
  const lines = [];
  for (const [at, members] of [...groups.values()].entries()) {
    const [{ quality, noise }] = members;
    const points = rocPoints(members.flatMap((one) => one.truth.level0));
    const path = thin(points).map(
      ([x, y]) => `${(margin + x * side).toFixed(1)},${(margin + (1 - y) * side).toFixed(1)}`,
    );
    const style = `fill="none" stroke="${colours[quality]}" stroke-dasharray="${dashes[noises.indexOf(noise)]}"`;
    const y = margin + 16 * at;
    const x = margin + side + 16;
    lines.push(
      `<polyline points="${path.join(' ')}" ${style}/>`,
      `<line x1="${x}" x2="${x + 28}" y1="${y}" y2="${y}" ${style}/>`,
      `<text x="${x + 34}" y="${y + 4}">quality ${quality}, noise ${noise}: ${auc(points).toFixed(3)}</text>`,
    );
  }
  const frame = `<rect x="${margin}" y="${margin}" width="${side}" height="${side}" fill="none" stroke="#888"/>`;
  const axes =
    `<text x="${margin + side / 2}" y="${margin + side + 30}" text-anchor="middle">glass kept</text>` +
    `<text x="16" y="${margin + side / 2}" transform="rotate(-90 16 ${margin + side / 2})" text-anchor="middle">tissue kept</text>`;
  const size = `width="${side + 2 * margin + 210}" height="${side + 2 * margin}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${frame}
${axes}
${lines.join('\n')}
</svg>
`;
}

/** At most about 200 points; the ends stay. */
function thin(points) {
  const step = Math.max(1, Math.ceil(points.length / 200));
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

function group(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
