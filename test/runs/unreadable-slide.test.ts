/** A slide that is there and cannot be looked at fails alone; the others of its table are scored. */
import * as fsp from 'node:fs/promises';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { FileSystem } from '../../lib/runs/file-system.js';
import { competitionArea, failureOf, scoreOfName, systemError, type Area } from './support.js';
import { csvOf, scoredNames, start } from './start.js';

const kFallback = 0.25;

/** The real file system, but for looking at this slide. */
function unreadable(name: string, errno: string): FileSystem {
  const stat = (path: string, options: undefined) =>
    String(path).endsWith(`/${name}`) ? Promise.reject(systemError(errno)) : fsp.stat(path, options);
  return { ...fsp, stat: stat as FileSystem['stat'] };
}

const tableWithout = (area: Area, name: string): string =>
  csvOf(area.names, (other) => (other === name ? kFallback : scoreOfName(other)));

describe('a slide that cannot be looked at', () => {
  it.each(['EACCES', 'EIO', 'ESTALE'])('with %s fails alone', async (errno) => {
    const area = await competitionArea();
    const bad = area.names[2] as string;
    const started = start(area, { format: area.format }, {}, { fs: unreadable(bad, errno) });
    const { counts, rows } = await started.run.done;
    expect(counts).toMatchObject({ scored: 4, fallback: 1, missing: 0 });
    expect(rows[2]).toMatchObject({ name: bad, source: 'fallback', error: 'FILE_UNREADABLE' });
    expect(scoredNames(started)).not.toContain(bad);
    expect(await readFile(area.output, 'utf8')).toBe(tableWithout(area, bad));
  });

  it("with onError 'error' the run ends with its error, after the others", async () => {
    const area = await competitionArea();
    const fs = unreadable(area.names[1] as string, 'EACCES');
    const { run } = start(area, { format: area.format, onError: 'error' }, {}, { fs });
    const error = await failureOf(run.done);
    expect([error.code, error.stage, error.path]).toEqual([
      'FILE_UNREADABLE',
      'slide',
      `${area.slides}/${area.names[1]}`,
    ]);
  });

  it('does not take the score that the journal has of it, and does not refuse to go on', async () => {
    const area = await competitionArea();
    const options = { format: area.format, slidesInFlight: 1 };
    for await (const _ of start(area, options).run) break;
    const bad = area.names[0] as string;
    const { run } = start(area, { ...options, resume: true }, {}, { fs: unreadable(bad, 'EIO') });
    expect((await run.done).rows[0]).toMatchObject({ source: 'fallback', error: 'FILE_UNREADABLE' });
    expect(await readFile(area.output, 'utf8')).toBe(tableWithout(area, bad));
  });
});
