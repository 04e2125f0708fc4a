/** Asking for help in every way that people try, and hints for what is nearly right. */
import { describe, expect, it } from 'vitest';
import { commands } from '../../lib/cli/commands.js';
import { exitCode } from '../../lib/cli/exit-codes.js';
import { toolVersion } from '../../lib/core/version.js';
import { cli } from './support.js';

const names = commands.map((command) => command.name);

describe('help', () => {
  it.each(names)('microtome help %s, %s --help and %s -h are one text', async (name) => {
    const help = await cli(['help', name]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain(`usage: microtome ${name}`);
    for (const argv of [
      [name, '--help'],
      [name, '-h'],
      [name, 'a.tif', '-h'],
      ['help', name, '--help'],
    ]) {
      expect(await cli(argv)).toMatchObject({ code: 0, stdout: help.stdout, stderr: '' });
    }
  });

  it('of the program, and its version', async () => {
    const overview = await cli(['help']);
    expect(overview).toMatchObject({ code: 0, stderr: '' });
    expect(overview.stdout).toContain('microtome help <command>');
    for (const argv of [['--help'], ['-h'], ['help', '--help']]) expect((await cli(argv)).stdout).toBe(overview.stdout);
    for (const argv of [['--version'], ['-v']]) {
      expect(await cli(argv)).toMatchObject({ code: 0, stdout: `${toolVersion}\n`, stderr: '' });
    }
  });

  it('lists every exit code that there is', async () => {
    const { stdout } = await cli(['--help']);
    const listed = [...stdout.matchAll(/^ {2}(\d+) {2,}\S/gm)].map(([, code]) => Number(code));
    expect(listed.sort()).toEqual(Object.values(exitCode).sort());
  });

  it.each([
    [['help', 'scroe'], 'did you mean score?'],
    [['hlep'], 'did you mean help?'],
    [['help', 'nothing'], 'unknown command "nothing"; commands: '],
    [['help', 'score', 'info'], 'unexpected argument "info"'],
  ])('%j is refused with 2', async (argv, message) => {
    const { code, stdout, stderr } = await cli(argv);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^microtome: usage: [^\n]*\n$/);
    expect([code, stdout]).toEqual([2, '']);
  });
});
