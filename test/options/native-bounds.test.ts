/** The addon holds options to the bounds of the table, whatever JavaScript lets through, and names them as the API does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromNative, messageWith } from '../../lib/core/errors.js';
import { loadAddon } from '../../lib/native/addon.js';
import type { NativeAddon, NativeSlide } from '../../lib/native/contract.js';
import { defaults } from '../../lib/options/defaults.js';
import type { OptionRow } from '../../lib/options/row.js';
import { optionRows } from '../../lib/options/table.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-bounds-'));
const path = join(scratch, 'slide.tif');
let addon: NativeAddon;
let slide: NativeSlide;

beforeAll(async () => {
  await writeSlide(path, { width: 600, height: 500, seed: 3, tissueShare: 0.5 });
  addon = await loadAddon();
  slide = await addon.openSlide(path, { limits: defaults.limits, slideMpp: null }).result;
});
afterAll(async () => {
  await slide.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** The least and the greatest value, and one beyond each. */
function edges({ kind }: OptionRow): { inside: readonly number[]; outside: readonly number[] } {
  if (kind.type !== 'integer' && kind.type !== 'number') throw new Error('no bounds');
  const { min, max } = kind;
  const step = kind.type === 'integer' ? 1 : 1e-7;
  return {
    inside: [min, max].filter((value) => value !== undefined),
    outside: [...(min === undefined ? [] : [min - step]), ...(max === undefined ? [] : [max * 1.0001 + step])].map(
      (v) => (kind.type === 'integer' ? Math.floor(v) : v),
    ),
  };
}

function rowOf(name: string): OptionRow {
  const row = optionRows.find((each) => each.name === name && each.native !== undefined);
  if (row === undefined) throw new Error(name);
  return row;
}

/** What the addon says of an option; null: it took the value. Other errors of the call are not about the option. */
async function refusal(call: () => Promise<unknown>): Promise<string | null> {
  try {
    await call();
    return null;
  } catch (error) {
    const found = fromNative(error);
    return found.code === 'INVALID_OPTION' && found.stage === 'options'
      ? messageWith(found, (name) => `<${name}>`)
      : null;
  }
}

describe('bounds in the addon', () => {
  it.each(['limits.directories', 'limits.requestBytes', 'limits.tableBytes', 'slideMpp'])('%s', async (name) => {
    const row = rowOf(name);
    const key = row.native?.key ?? '';
    const open = (value: number) => async () => {
      const limits = name === 'slideMpp' ? defaults.limits : { ...defaults.limits, [key]: value };
      const opened = await addon.openSlide(path, { limits, slideMpp: name === 'slideMpp' ? value : null }).result;
      await opened.close();
    };
    // A limit's greatest value is the greatest integer that JavaScript has, so that nothing lies beyond.
    const outside = edges(row).outside.filter(Number.isSafeInteger);
    const beyond = name === 'slideMpp' ? edges(row).outside : outside;
    for (const value of beyond) expect(await refusal(open(value)), String(value)).toContain(`for <${name}>`);
    for (const value of edges(row).inside) expect(await refusal(open(value)), String(value)).toBeNull();
  });

  it.each(['tile.size', 'tile.stride', 'minTissueFraction', 'level', 'mpp'])('%s', async (name) => {
    const row = rowOf(name);
    const plan = (value: number) => async () => {
      const grid = {
        mpp: name === 'mpp' ? value : null,
        level: name === 'mpp' ? null : 0,
        slideMpp: null,
        scaledDecode: false,
        sizePx: 64,
        stridePx: 64,
        placement: 'scaled' as const,
        edge: 'pad' as const,
        keep: 'fraction' as const,
        minTissueFraction: 0,
        maxTiles: 0,
        seed: 0,
        onBadTile: 'error' as const,
        mask: { kind: 'all' as const },
      };
      const asked = name === 'mpp' ? grid : { ...grid, [row.native?.key ?? '']: value };
      const stream = slide.tiles(asked, { batchSize: 1, threads: 1, tensor: null });
      await stream.next();
      stream.cancel();
    };
    for (const value of edges(row).outside)
      expect(await refusal(plan(value)), String(value)).toContain(`for <${name}>`);
    // A stride of one pixel is a matter of the planner; the greatest value is that of the bound alone.
    expect(await refusal(plan(edges(row).inside.at(-1) ?? 0))).toBeNull();
  });
});
