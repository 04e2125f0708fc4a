/** Lesion images through the engine: the same scores from a file and a folder, real lesions, one warm model at a time. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../lib/core/png.js';
import { scoreImages } from '../../lib/index.js';
import { failureOf, fileWith, temporaryFolder } from '../runs/support.js';
import { dataDir } from '../support/data.js';
import { hdf5File } from './hdf5-writer.js';
import { folderWith, isicName } from './support.js';

const machine = { model: 'demo', device: 'cpu', threads: 2 } as const;

async function pictures(count: number): Promise<Readonly<Record<string, Buffer>>> {
  const found: Record<string, Buffer> = {};
  for (let i = 0; i < count; ++i) {
    const [width, height] = [20 + i, 60 - i];
    const data = Uint8Array.from({ length: 3 * width * height }, (_, k) => (k * (i + 3)) % 251);
    found[isicName(i)] = await encodePng({ data, width, height, channels: 3 });
  }
  return found;
}

describe('images in one file and in a folder', () => {
  it('become the same table, in which one that is damaged carries the fallback', async () => {
    const images = await pictures(30);
    const bad = isicName(7);
    const content = { ...images, [bad]: (images[bad] as Buffer).subarray(0, 60) };
    const file = await fileWith(
      hdf5File(Object.entries(content).map(([name, bytes]) => ({ name, content: bytes }))),
      'test-image.hdf5',
    );
    const folder = await folderWith(
      Object.fromEntries(Object.entries(content).map(([name, bytes]) => [`${name}.png`, bytes])),
    );
    const area = await temporaryFolder();
    const format = join(area, 'sample_submission.csv');
    const rows = Object.keys(content).reverse();
    await writeFile(format, `isic_id,target\n${rows.map((name) => `${name},0.3\n`).join('')}`);
    const tables: string[] = [];
    for (const [i, from] of [file, folder].entries()) {
      const output = join(area, `${i}.csv`);
      const summary = await scoreImages(from, { ...machine, format, output, fallback: 0.125 }).done;
      expect(summary.counts).toMatchObject({ scored: 29, fallback: 1 });
      expect(Object.values(summary.failures).map((found) => found?.examples)).toEqual([[bad]]);
      expect(summary.device?.id).toBe('cpu');
      tables.push(await readFile(output, 'utf8'));
    }
    expect(tables[0]).toBe(tables[1]);
    const lines = tables[0]?.trimEnd().split('\n') ?? [];
    expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual(rows);
    expect(lines).toContain(`${bad},0.125000000`);
  });

  it('a run that failed goes on with the same machine, and refuses another option', async () => {
    const images = await pictures(4);
    const folder = await folderWith({
      ...Object.fromEntries(Object.entries(images).map(([name, bytes]) => [`${name}.png`, bytes])),
      'broken.jpg': 'no image',
    });
    const output = join(await temporaryFolder(), 'out.csv');
    const first = scoreImages(folder, { ...machine, output, onError: 'error' });
    await failureOf(first.done);
    const other = scoreImages(folder, { ...machine, output, resume: true, clip: [0, 0.5] });
    expect(await failureOf(other.done)).toMatchObject({ code: 'RESUME_REFUSED' });
    const summary = await scoreImages(folder, { ...machine, output, resume: true, fallback: 0.5 }).done;
    expect(summary.counts).toMatchObject({ resumed: 4, fallback: 1 });
  });
});

const lesions = join(dataDir ?? '', 'lesions');
describe.skipIf(dataDir === null)('real lesions', () => {
  it('have the same scores in the layout of ISIC 2024 and as files', async () => {
    const stored = await scoreImages(join(lesions, 'derived_isic2024_layout.hdf5'), machine).done;
    const files = await scoreImages(lesions, machine).done;
    expect(stored.names.length).toBeGreaterThan(0);
    expect(files.notRead.map(({ reason }) => reason)).toEqual(['an HDF5 file: name it by its own path']);
    const scoreOf = new Map(files.names.map((name, i) => [name, files.scores[i]]));
    for (const [i, name] of stored.names.entries()) expect(stored.scores[i]).toBe(scoreOf.get(name));
    expect(stored.counts.scored).toBe(stored.names.length);
  });
});
