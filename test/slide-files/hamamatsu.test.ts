/** VMS and VMU slides: the files that the description names. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { checkedFilesOfSlide, filesOfSlide } from '../../lib/slide/files/slide-files.js';
import { failureOf, temporaryFolder } from '../runs/support.js';
import { makeVms, vmsText, vmuText } from './makers.js';

const names = async (path: string): Promise<readonly string[]> =>
  (await filesOfSlide(path)).parts.map((part) => basename(part.path));

describe('the files of a VMS slide', () => {
  it('are the pictures, the map, the macro image and the help', async () => {
    const path = await makeVms(await temporaryFolder());
    expect(await names(path)).toEqual(['a.vms', 'a.jpg', 'a(1,0).jpg', 'a_map.jpg', 'a_macro.jpg', 'a.opt']);
    expect((await checkedFilesOfSlide(path))?.kind).toBe('vms');
  });

  it('under another name it is known by its first words', async () => {
    const folder = await temporaryFolder();
    await makeVms(folder);
    await writeFile(join(folder, 'slide'), vmsText);
    expect((await filesOfSlide(join(folder, 'slide'))).kind).toBe('vms');
  });

  it('is known behind comments, under the name of a TIFF too', async () => {
    const folder = await temporaryFolder();
    await makeVms(folder);
    await writeFile(join(folder, 'slide.tif'), `${'# of the scanner\n'.repeat(1000)}  ${vmsText}`);
    expect((await checkedFilesOfSlide(join(folder, 'slide.tif')))?.kind).toBe('vms');
  });

  it('without the help it is whole', async () => {
    const folder = await temporaryFolder();
    const path = await makeVms(folder);
    await rm(join(folder, 'a.opt'));
    expect(await names(path)).not.toContain('a.opt');
  });

  it.each(['a.jpg', 'a(1,0).jpg', 'a_map.jpg', 'a_macro.jpg'])('without %s it is incomplete', async (name) => {
    const folder = await temporaryFolder();
    const path = await makeVms(folder);
    await rm(join(folder, name));
    const error = await failureOf(filesOfSlide(path));
    expect(error.code).toBe('SLIDE_INCOMPLETE');
    expect(error.message).toContain(`${join(folder, name)} is not there`);
  });

  it('a folder in the place of a picture', async () => {
    const folder = await temporaryFolder();
    const path = await makeVms(folder);
    await rm(join(folder, 'a.jpg'));
    await mkdir(join(folder, 'a.jpg'));
    const error = await failureOf(filesOfSlide(path));
    expect([error.code, error.message]).toEqual(['SLIDE_INCOMPLETE', expect.stringContaining('not a regular file')]);
  });

  it.each([
    ['a path', vmsText.replace('a_map.jpg', '../a_map.jpg'), 'MapFile'],
    ['an absolute path', vmsText.replace('=a.jpg', '=/etc/passwd'), 'ImageFile'],
    ['a path to the help', vmsText.replace('a.opt', '/etc/passwd'), 'OptimisationFile'],
    ['too few pictures', vmsText.replace('NoJpegRows=1', 'NoJpegRows=2'), '2 files of pixels'],
    ['no first picture', vmsText.replace('ImageFile=a.jpg', ''), 'ImageFile'],
    ['another group', vmsText.replace('Virtual', 'Real'), 'ImageFile'],
  ])('a description with %s is no slide', async (_, text, found) => {
    const error = await failureOf(filesOfSlide(await makeVms(await temporaryFolder(), text)));
    expect(error.code).toBe('NOT_A_SLIDE');
    expect(error.message).toContain(found);
  });
});

describe('a VMU slide', () => {
  async function vmu(text = vmuText): Promise<string> {
    const folder = await temporaryFolder();
    for (const name of ['u.ngr', 'u_map.ngr', 'u_macro.jpg']) await writeFile(join(folder, name), name);
    await writeFile(join(folder, 'u.vmu'), text);
    return join(folder, 'u.vmu');
  }

  it('is its description, its pixels, its map and its macro image', async () => {
    expect(await names(await vmu())).toEqual(['u.vmu', 'u.ngr', 'u_map.ngr', 'u_macro.jpg']);
  });

  it('needs no macro image', async () => {
    const path = await vmu(vmuText.replace('MacroImage=u_macro.jpg', ''));
    expect(await names(path)).toEqual(['u.vmu', 'u.ngr', 'u_map.ngr']);
  });

  // OpenSlide 4.0.1 ends the process on each of these.
  it.each([
    ['other samples', vmuText.replace('=36', '=24'), 'BitsPerPixel'],
    ['no word on samples', vmuText.replace('BitsPerPixel=36', ''), 'BitsPerPixel'],
    ['another order', vmuText.replace('=RGB', '=BGR'), 'PixelOrder'],
    ['a VMS slide in it', `${vmuText}\n${vmsText.replace('a_map.jpg', '../a_map.jpg')}`, 'a VMS slide and a VMU slide'],
    ['no order', vmuText.replace('PixelOrder=RGB', ''), 'PixelOrder'],
  ])('with %s is refused', async (_, text, found) => {
    const error = await failureOf(filesOfSlide(await vmu(text)));
    expect(error.code).toBe('NOT_A_SLIDE');
    expect(error.message).toContain(found);
  });
});
