/** Which library is taken for OpenSlide. None of the files here is one: the errors say which of them was opened. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { MicrotomeError, openSlide, type OpenOptions } from '../../lib/index.js';
import { dicomFile } from '../slide-files/makers.js';

let folder = '';
let slide = '';
const variable = process.env['MICROTOME_OPENSLIDE'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'microtome-openslide-'));
  await mkdir(join(folder, 'slide'));
  slide = join(folder, 'slide', 'a.dcm');
  await writeFile(slide, dicomFile());
  for (const name of ['found.so', 'first.so', 'second.so']) await writeFile(join(folder, name), 'no library');
  process.env['MICROTOME_OPENSLIDE'] = join(folder, 'found.so');
});
afterAll(async () => {
  if (variable === undefined) delete process.env['MICROTOME_OPENSLIDE'];
  else process.env['MICROTOME_OPENSLIDE'] = variable;
  await rm(folder, { recursive: true });
});

async function refusal(options: OpenOptions = {}): Promise<MicrotomeError> {
  const error: unknown = await openSlide(slide, options).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof MicrotomeError) return error;
  throw new Error('the slide was opened');
}

describe('the library', () => {
  it('is found for each of the slides that are opened first, at one time', async () => {
    for (const { code, message } of await Promise.all([refusal(), refusal(), refusal()])) {
      expect(code).toBe('DRIVER_MISSING');
      expect(message).toContain(join(folder, 'found.so'));
    }
  });

  it('that cannot be used is replaced by the next one that is named', async () => {
    for (const name of ['first.so', 'second.so']) {
      const { code, message } = await refusal({ openslidePath: join(folder, name) });
      expect(code).toBe('DRIVER_MISSING');
      expect(message).toContain(join(folder, name));
    }
  });

  it('that is named and not there is said to be missing', async () => {
    const { code, message } = await refusal({ openslidePath: join(folder, 'nothing.so') });
    expect(code).toBe('DRIVER_MISSING');
    expect(message).toContain(`openslidePath is ${join(folder, 'nothing.so')}, and no OpenSlide is there`);
  });
});
