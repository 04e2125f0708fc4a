/** Submissions of the reference bundles (train/reference), and what the library itself makes of a data folder. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scoreDirectory } from '../../../../lib/index.js';
import { runPython } from '../../../support/python.js';
import type { Area } from './area.js';
import { microtome, tools } from './tools.js';

export type BundleName = 'first' | 'second' | 'third';

const bundles = join(tools.scratch, 'bundles');

/** Folder of a bundle in the topology of that place of the challenge, with narrow networks. */
export async function bundleOf(name: BundleName): Promise<string> {
  const folder = join(bundles, name);
  if (!existsSync(folder)) await runPython('../../train/reference/build.py', [bundles, '--only', name]);
  return folder;
}

/** The packed submission of a bundle, made once. */
export async function submissionOf(name: BundleName): Promise<string> {
  const zip = join(tools.scratch, `${name}.zip`);
  if (!existsSync(zip)) await microtome(['pack', '--model', await bundleOf(name), '--out', zip]);
  return zip;
}

/** The CSV that the same library writes of the same data outside the box. */
export async function wantedCsv(name: BundleName, { folder, format, metadata }: Area): Promise<string> {
  const output = join(await mkdtemp(join(tools.scratch, 'wanted-')), 'submission.csv');
  const run = scoreDirectory(folder, {
    model: await bundleOf(name),
    format,
    metadata,
    output,
    preset: 'visiomel',
    onMissing: 'fallback',
    onError: 'fallback',
  });
  await run.done;
  return readFile(output, 'utf8');
}
