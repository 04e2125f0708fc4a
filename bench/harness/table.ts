/** The results as a Markdown table, and the closing lines of a run. */
import type { Bar, Figure } from './figure.js';
import type { Machine } from './machine.js';

const signs = { '<=': '≤', '>=': '≥' } as const;

/** Three significant digits, without exponents. */
export function shortNumber(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-9))));
  return value.toFixed(Math.min(digits, 3));
}

const barText = (bar: Bar, unit: string): string => `${signs[bar.op]} ${bar.value} ${unit}`.trim();

const valueText = ({ value, unit }: Figure): string => (value === null ? '–' : `${shortNumber(value)} ${unit}`.trim());

const spreadText = ({ spread }: Figure): string =>
  spread === null ? '' : `${shortNumber(spread[0])}–${shortNumber(spread[1])}`;

/** Text that cannot end a cell or a row. */
const cell = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim();

export function markdownTable(figures: readonly Figure[]): string {
  const header = ['what', 'bar', 'figure', 'quartiles', '', 'note'];
  const rows = figures.map((f) => [f.what, barText(f.bar, f.unit), valueText(f), spreadText(f), f.state, f.note]);
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |\n`;
  return `${line(header)}|${'---|'.repeat(header.length)}\n${rows.map(line).join('')}`;
}

export function machineLine(m: Machine): string {
  const { cpu, cores, memoryGib, simd, node, load } = m;
  return `${cpu}, ${cores} cores, ${memoryGib} GiB, ${simd.join(' ')}; Node ${node}; load ${load.toFixed(1)} at the start`;
}

/** "11 met, 2 missed, 1 not run" */
export function closingLine(figures: readonly Figure[]): string {
  const count = (state: string): number => figures.filter((f) => f.state === state).length;
  return `${count('met')} met, ${count('missed')} missed, ${count('not run')} not run`;
}

/** Whether the run succeeds: no bar missed, and nothing left out that is on every machine. */
export function succeeded(figures: readonly Figure[]): boolean {
  return figures.every((f) => f.state !== 'missed' && (f.state !== 'not run' || f.mayBeMissing === true));
}
