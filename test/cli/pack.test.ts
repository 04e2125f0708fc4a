/** microtome pack: what the library is asked for, what is shown. */
import { describe, expect, it } from 'vitest';
import type { PackOptions, PackResult } from '../../lib/competition/index.js';
import { MicrotomeError } from '../../lib/core/errors.js';
import { cli } from './support.js';

const result: PackResult = {
  path: '/out/s.zip',
  bytes: 5 * 2 ** 20,
  sha256: 'b'.repeat(64),
  microtome: '0.1.0',
  model: { name: 'fake', sha256: 'a'.repeat(64) },
  node: '20.20.2',
  needs: { glibc: '2.28', libstdcxx: '3.4.22' },
  parts: [
    { name: 'main', files: 1, bytes: 2048 },
    { name: 'node', files: 2, bytes: 9 * 2 ** 20 },
  ],
  runtime: null,
  warnings: [],
};

describe('pack', () => {
  it('hands on what the flags say, and shows sizes and needs', async () => {
    const asked: PackOptions[] = [];
    const packSubmission = async (options: PackOptions) => {
      asked.push(options);
      return result;
    };
    const argv = [
      'pack',
      '--model',
      'm',
      '--out',
      's.zip',
      '--overwrite',
      '--node',
      'n',
      '--runtime',
      'r',
      '--architecture',
      'sm_60',
    ];
    const { code, stdout, stderr } = await cli(argv, { library: { packSubmission } });
    expect([code, stderr]).toEqual([0, '']);
    expect(asked).toEqual([
      {
        model: 'm',
        output: 's.zip',
        overwrite: true,
        node: 'n',
        runtime: 'r',
        architecture: 'sm_60',
        signal: expect.any(AbortSignal),
      },
    ]);
    expect(stdout.split('\n')).toEqual([
      'wrote /out/s.zip: 5.0 MiB, 9.0 MiB when it is unpacked',
      '  main     2.0 KiB  1 file',
      '  node     9.0 MiB  2 files',
      'model    fake',
      'Node.js  20.20.2',
      'needs    glibc 2.28, libstdc++ with GLIBCXX_3.4.22',
      `sha256   ${'b'.repeat(64)}`,
      '',
    ]);
  });

  it('asks for nothing that was not given', async () => {
    const asked: PackOptions[] = [];
    const packSubmission = async (options: PackOptions) => {
      asked.push(options);
      return result;
    };
    await cli(['pack', '--model', 'm', '--out', 's.zip'], { library: { packSubmission } });
    expect(asked).toEqual([{ model: 'm', output: 's.zip', overwrite: false, signal: expect.any(AbortSignal) }]);
  });

  it('shows a GPU stack, and warnings in the words of flags', async () => {
    const libraries = [{ name: 'r/libx.so', modules: 3, machineCode: 2, assemblyOnly: 1, architectures: ['sm_37'] }];
    const packSubmission = async () => ({
      ...result,
      runtime: { architecture: 'sm_37', libraries },
      warnings: ['the libraries of [[runtime]] are not used\nyet'],
    });
    const given = ['--model', 'm', '--out', 's.zip', '--runtime', 'r'];
    const { stdout, stderr } = await cli(['pack', ...given], { library: { packSubmission } });
    expect(stderr).toBe('warning: the libraries of --runtime are not used\\u000ayet\n');
    expect(stdout).toContain('code for sm_37:\n  r/libx.so: of 3 modules 2 have machine code, 1 assembly only\n');
    const json = await cli(['pack', ...given, '--json'], { library: { packSubmission } });
    expect(JSON.parse(json.stdout)).toMatchObject({
      bytes: result.bytes,
      warnings: ['the libraries of --runtime are not used\nyet'],
    });
    expect(json.stdout.split('\n')).toHaveLength(2);
  });

  it.each([
    ['--model is missing', ['--out', 's.zip']],
    ['--out is missing', ['--model', 'm']],
    ['unexpected argument "x"', ['x', '--model', 'm', '--out', 's.zip']],
  ])('%s: nothing is asked, the command ends with 2', async (what, argv) => {
    const { code, stderr } = await cli(['pack', ...argv]);
    expect(code).toBe(2);
    expect(stderr).toContain(what);
  });

  it('names options of an error by their flags', async () => {
    const packSubmission = async (): Promise<PackResult> => {
      throw new MicrotomeError('OUTPUT_EXISTS', 'options', 's.zip is there already; see [[node]]');
    };
    const { code, stderr } = await cli(['pack', '--model', 'm', '--out', 's.zip'], { library: { packSubmission } });
    expect(code).toBe(2);
    expect(stderr).toContain('see --node; choose another --out, or pass --overwrite to replace it');
  });

  it('says of an interruption nothing of --resume, which this command does not have', async () => {
    const controller = new AbortController();
    const packSubmission = async (): Promise<PackResult> => {
      controller.abort();
      throw new Error('it was ended');
    };
    const settings = { library: { packSubmission }, signal: controller.signal };
    const { code, stderr } = await cli(['pack', '--model', 'm', '--out', 's.zip'], settings);
    expect([code, stderr]).toEqual([130, 'microtome: interrupted\n']);
  });
});
