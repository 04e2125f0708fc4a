import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codecDefinitions, codecNames, forgetMissingCodecs, leftOut, missingCodecsPage } from './codecs.mjs';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';

let dir;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'microtome-codecs-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Configures the addon's build where no header and no archive can be found. */
async function configure(without) {
  const out = await mkdtemp(join(dir, 'build-'));
  const nowhere = ['-DCMAKE_FIND_ROOT_PATH=/nowhere', '-DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY'];
  const defined = Object.entries(codecDefinitions(without)).map(([name, value]) => `-D${name}=${value}`);
  const args = ['-S', inRoot('.'), '-B', out, ...nowhere, '-DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY', ...defined];
  const { code, output } = await run('cmake', args, { quiet: true, allowFailure: true });
  return { code, output, page: await missingCodecsPage(out), out };
}

describe('the codecs of the packed binary', () => {
  it('are all required: the page names each that is missing, its package and the way out', async () => {
    const { code, output, page, out } = await configure([]);
    expect(code, output).not.toBe(0);
    const lines = page.message.split('\n');
    expect(page).toMatchObject({ isHelpPage: true, exitCode: 2 });
    expect(lines).toContain('  zstd: zstd.h, libzstd.a not found');
    expect(lines).toContain('  jpeg2000: openjpeg.h, libopenjp2.a not found');
    expect(lines).toContain('Install them: apt-get install libdeflate-dev libzstd-dev libwebp-dev libopenjp2-7-dev');
    expect(page.message).toContain('npm run prebuilds -- --without deflate,zstd,webp,jpeg2000');
    await forgetMissingCodecs(out);
    expect(await missingCodecsPage(out)).toBe(null);
  });

  it('but those that were left out by name', async () => {
    expect((await configure(['zstd', 'jpeg2000'])).page.message).toContain('install libdeflate-dev libwebp-dev\n');
    const none = await configure(codecNames);
    expect(none.code, none.output).toBe(0);
    expect(none.page).toBe(null);
  });

  it('name the tool that is missing beside a library', async () => {
    const folder = await mkdtemp(join(dir, 'file-'));
    await writeFile(join(folder, 'missing-codecs.txt'), 'JPEG2000|binutils|objcopy\n');
    expect((await missingCodecsPage(folder)).message).toContain('apt-get install binutils\n');
  });

  it('are left out by a name or several, and an unknown name is refused', () => {
    expect(leftOut([])).toEqual([]);
    expect(leftOut(['zstd', 'webp, zstd'])).toEqual(['zstd', 'webp']);
    expect(() => leftOut(['zst'])).toThrow(
      '--without zst: no such codec; the codecs are deflate, zstd, webp, jpeg2000',
    );
    expect(codecDefinitions(['zstd'])).toEqual({
      MICROTOME_DEFLATE: 'ON',
      MICROTOME_ZSTD: 'OFF',
      MICROTOME_WEBP: 'ON',
      MICROTOME_JPEG2000: 'ON',
    });
  });
});
