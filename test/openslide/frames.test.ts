/** Real frames in every transfer syntax of wsidicom-data: what OpenSlide does not read has a code that says what is not read. */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MicrotomeError } from '../../dist/index.js';
import { factsOf, frameSlides, framesFolder, open } from './support/tools.js';

const read = frameSlides.map(({ path }) => basename(dirname(path)));
const others = readdirSync(framesFolder).filter((name) => !read.includes(name));

/** Grey DICOM slides are read by no version 4.0 of OpenSlide. */
const codeOf = (name: string): string =>
  /^(explicit|jpeg-2000|jpeg-baseline)/.test(name) ? 'UNSUPPORTED_PIXELS' : 'UNSUPPORTED_COMPRESSION';

describe('transfer syntaxes that OpenSlide does not read', () => {
  it('are many, and those that it reads are there', () => {
    expect(others.length).toBeGreaterThan(15);
    for (const name of read) expect(readdirSync(framesFolder)).toContain(name);
  });

  it.each(others)('%s', async (name) => {
    const path = join(framesFolder, name, 'slide.dcm');
    await expect(factsOf(path)).rejects.toThrow();
    const error: unknown = await open(path).then(
      (slide) => slide.close(),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(MicrotomeError);
    expect(error).toMatchObject({ code: codeOf(name), path });
    expect((error as MicrotomeError).message).toContain('OpenSlide cannot open the slide: ');
  });
});
