/** The folder that a server may read slides from. Nothing outside it can be named, and no link leads out of it. */

import { lstat, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';

import { MicrotomeError } from '../core/errors.js';
import { pathOf } from '../core/file-url.js';
import { badRequest, HttpError } from './http-error.js';

export class SlideRoot {
  private constructor(readonly folder: string) {}

  /** `folder`: a path or a `file:` URL. Rejects with FILE_NOT_FOUND or INVALID_OPTION where it is no folder. */
  static async open(folder: string): Promise<SlideRoot> {
    const found = await realpath(pathOf(folder)).catch((cause: unknown) => {
      throw new MicrotomeError('FILE_NOT_FOUND', 'options', 'the folder of slides is not there', {
        path: folder,
        cause,
      });
    });
    if (!(await stat(found)).isDirectory())
      throw new MicrotomeError('INVALID_OPTION', 'options', 'the folder of slides is no folder', { path: folder });
    return new SlideRoot(found);
  }

  /**
   * The real path of a slide that a client named. Rejects with an HttpError: 400 for a name that leaves the folder, 404 for
   * one that is not there or leads out by a link. Who can change the folder itself is trusted: a file may become a link after
   * this.
   */
  async resolve(name: string): Promise<string> {
    if (name === '' || name.length > 4096 || /[\0\\]/.test(name))
      throw badRequest('the path is not the path of a slide');
    if (isAbsolute(name) || name.split('/').some((part) => part === '..' || part === '.' || part === ''))
      throw badRequest('the path is not a plain path inside the folder of slides');
    // One answer for what is not there and for what lies outside: whether something is there outside is not told.
    const missing = new HttpError(404, 'there is no such slide');
    const path = await realpath(join(this.folder, name)).catch(() => {
      throw missing;
    });
    if (!path.startsWith(this.folder + sep) && this.folder !== sep) throw missing;
    const found = await lstat(path).catch(() => {
      throw missing;
    });
    if (!found.isFile()) throw missing;
    return path;
  }

  /** A message without the place of the folder. */
  hide(message: string): string {
    return message.replaceAll(this.folder + sep, '').replaceAll(this.folder, '.');
  }
}
