// The tables of docs/k80.md, from model.mjs.
//   node bench/k80/page.mjs --write   writes them into the page
//   node bench/k80/page.mjs           fails when the page holds others
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { atEnd, estimates, inputs, published, slidesPerHour, stageSeconds, tilesPerSecond } from './model.mjs';
import { networks, totals } from './networks.mjs';

const page = join(import.meta.dirname, '../../docs/k80.md');
const tileCounts = [256, 1024, 4096, 10_000];
/** Slides and hours of the VisioMel challenge. */
const challenge = { slides: 541, hours: 8 };

const whole = (value) => Math.round(value).toLocaleString('en-US');
const range = (low, high, format = whole) => `${format(low)}–${format(high)}`;

/** A Markdown table; numbers are aligned to the right. */
function table(heads, rows) {
  const numeric = heads.map((_, column) => rows.every((row) => /^[\d(<≥~−-]/.test(String(row[column]))));
  return [
    `| ${heads.join(' | ')} |`,
    `| ${numeric.map((is) => (is ? '---:' : '---')).join(' | ')} |`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

function inputTable() {
  const shown = ({ value, low, high }) => (value === undefined ? `${low}–${high}` : String(value));
  const cells = ([name, input]) => [`\`${name}\``, shown(input), input.assumed ? '**assumed**' : '', input.source];
  return table(['input', 'value', 'assumption', 'where it is from'], Object.entries(inputs).map(cells));
}

function networkTable() {
  const rows = estimates().map(({ name, low, high }) => {
    const { macs, values, parameters } = totals(networks[name]);
    const sizes = [(macs / 1e9).toFixed(3), ((values * 4) / 1e6).toFixed(1), (parameters / 1e6).toFixed(1)];
    return [name, ...sizes, range(low, high)];
  });
  return table(['network', 'GMAC', 'MB read and written', 'million parameters', 'tiles/s'], rows);
}

function publishedTable() {
  const rows = published.map(({ network, batch, tilesPerSecond: measured }) => {
    const at = (end) => tilesPerSecond(networks[network], { ...atEnd(end), batch });
    return [network, batch, measured, range(at('low'), at('high'))];
  });
  return table(['network', 'batch', 'published tiles/s', 'model'], rows);
}

function slideTable() {
  const counts = tileCounts.map((count) => `${whole(count)} tiles`);
  const rows = estimates().map(({ name, low, high }) => {
    const perHour = (tiles) => [
      slidesPerHour(tiles, low, atEnd('low')).perHour,
      slidesPerHour(tiles, high, atEnd('high')).perHour,
    ];
    const [slow, fast] = perHour(4096);
    const hours = range(challenge.slides / fast, challenge.slides / slow, (value) => value.toFixed(1));
    return [name, ...tileCounts.map((tiles) => range(...perHour(tiles))), hours];
  });
  return table(['network', ...counts, `hours for ${challenge.slides} × 4,096`], rows);
}

/** Tiles per second that each stage alone allows. */
function stageTable() {
  const perSecond = (end, changes = {}) => {
    const seconds = stageSeconds(1, 1, { ...atEnd(end), maskCpuSeconds: 0, ...changes });
    return Object.fromEntries(Object.entries(seconds).map(([stage, each]) => [stage, 1 / each]));
  };
  const [low, high] = [perSecond('low'), perSecond('high')];
  // A tile of 224 px touches (1 + 223 / 256)² = 3.5 stored tiles on average, of 256² / 224² its pixels each.
  const again = { decodedPerUsed: (1 + 223 / 256) ** 2 * (256 / 224) ** 2 };
  const touching = `decode, again for every model tile that touches it (${again.decodedPerUsed.toFixed(1)})`;
  const rows = [
    ['decode, each stored tile once', range(low.decode, high.decode)],
    [touching, range(perSecond('low', again).decode, perSecond('high', again).decode)],
    ['transfer of 8-bit tiles to the device', whole(low.transfer)],
    ['disk', whole(low.disk)],
  ];
  return table(['stage', 'tiles/s'], rows);
}

const makers = {
  inputs: inputTable,
  networks: networkTable,
  published: publishedTable,
  stages: stageTable,
  slides: slideTable,
};

const before = await readFile(page, 'utf8');
/** What stands between the marks of each table, replaced. */
const after = before.replace(
  /(<!-- computed: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g,
  (_, open, name, close) => `${open}${makers[name]()}\n${close}`,
);
/** True when docs/k80.md holds what the model gives. */
export const isUpToDate = before === after;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (process.argv.includes('--write')) await writeFile(page, after);
  else {
    console.log(isUpToDate ? 'docs/k80.md is up to date' : 'docs/k80.md is stale: node bench/k80/page.mjs --write');
    process.exitCode = isUpToDate ? 0 : 1;
  }
}
