/** Damaged descriptions and headers: each ends in files or in an error of ours, and soon. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { MicrotomeError } from '../../lib/core/errors.js';
import { checkedFilesOfSlide } from '../../lib/slide/files/slide-files.js';
import { temporaryFolder } from '../runs/support.js';
import { dicomFile, element, makeMirax, makeVms, miraxIndex, miraxIni, openSequence, vmsText } from './makers.js';

const kMutations = 300;

/** Numbers that are the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Flips, cuts, repeats and overwrites bytes. */
function mutated(bytes: Buffer, next: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const at = next(copy.length);
  const kind = next(5);
  if (kind === 0) return copy.subarray(0, at);
  if (kind === 1) return Buffer.concat([copy.subarray(0, at), copy.subarray(next(copy.length))]);
  const count = kind === 2 ? 1 : 1 + next(8);
  for (let i = at; i < Math.min(at + count, copy.length); ++i) copy[i] = kind === 3 ? 0xff : next(256);
  return copy;
}

async function outcomes(path: string, target: string, whole: Buffer): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const next = numbers(7);
  for (let i = 0; i < kMutations; ++i) {
    await writeFile(target, mutated(whole, next));
    let outcome = 'files';
    try {
      await checkedFilesOfSlide(path);
    } catch (error) {
      if (!(error instanceof MicrotomeError)) throw error;
      outcome = error.code;
    }
    found.set(outcome, (found.get(outcome) ?? 0) + 1);
  }
  return found;
}

const known = ['files', 'NOT_A_SLIDE', 'SLIDE_INCOMPLETE', 'TRUNCATED', 'LIMIT_EXCEEDED'];

async function expectKnown(path: string, target: string, whole: Buffer): Promise<void> {
  await writeFile(target, whole);
  expect(await checkedFilesOfSlide(path)).not.toBeNull();
  const found = await outcomes(path, target, whole);
  for (const outcome of found.keys()) expect(known).toContain(outcome);
  // The damage is met, not only passed over.
  expect(found.get('files') ?? 0).toBeLessThan(kMutations);
  expect(found.size).toBeGreaterThan(1);
}

it('Slidedat.ini', async () => {
  const folder = await temporaryFolder();
  const path = await makeMirax(folder, 's');
  const ini = Buffer.from(miraxIni('0123456789abcdef', ['Data0000.dat', 'Data0001.dat'], 2));
  await expectKnown(path, join(folder, 's', 'Slidedat.ini'), ini);
});

it('Index.dat', async () => {
  const folder = await temporaryFolder();
  const path = await makeMirax(folder, 's');
  const index = miraxIndex('0123456789abcdef', [[[[0, 0, 50, 0]], [[1, 50, 50, 1]]], [[[0, 10, 20, 1]]]]);
  await expectKnown(path, join(folder, 's', 'Index.dat'), index);
});

it('a .vms file', async () => {
  const path = await makeVms(await temporaryFolder());
  await expectKnown(path, path, Buffer.from(vmsText));
});

it.each([false, true])('the header of a DICOM file (implicit: %s)', async (implicit) => {
  const path = join(await temporaryFolder(), 'a.dcm');
  const before = openSequence(0x00081115, element(0x00081150, 'UI', Buffer.from('1.2\0')));
  await expectKnown(path, path, dicomFile(implicit ? { implicit } : { before }));
});
