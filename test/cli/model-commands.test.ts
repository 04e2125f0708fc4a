/** microtome model init and microtome model check: what the library is asked for, what is shown. */
import { describe, expect, it } from 'vitest';
import type { BundleOptions, ModelCheck } from '../../lib/index.js';
import { MicrotomeError } from '../../lib/core/errors.js';
import { fakeModel } from '../runs/support.js';
import { cli } from './support.js';

describe('model init', () => {
  const card = ['--licence', 'MIT', '--intended-use', 'tests'];

  it('hands on what the flags say', async () => {
    const asked: [string, string, BundleOptions][] = [];
    const createBundle = async (onnx: string, folder: string, options: BundleOptions) => {
      asked.push([onnx, folder, options]);
      return { ...fakeModel(), warnings: ['doubtful'] };
    };
    const flags = [
      '--input-mpp',
      '0.5',
      '--activation',
      'softmax',
      '--column',
      '1',
      '--fallback',
      '0.2',
      '--name',
      'n',
    ];
    const argv = ['model', 'init', 'out', '--onnx', 'net.onnx', ...flags, ...card];
    const { code, stdout, stderr } = await cli(argv, { library: { createBundle } });
    expect([code, stderr]).toEqual([0, 'warning: doubtful\n']);
    expect(stdout).toContain('wrote /nowhere');
    expect(asked).toEqual([
      [
        'net.onnx',
        'out',
        expect.objectContaining({
          activation: 'softmax',
          column: 1,
          licence: 'MIT',
          intendedUse: 'tests',
          fallback: 0.2,
          name: 'n',
          input: expect.objectContaining({ mpp: 0.5 }),
        }),
      ],
    ]);
  });

  it.each([
    ['--onnx is missing', ['model', 'init', 'out', ...card]],
    ['--licence is missing', ['model', 'init', 'out', '--onnx', 'x.onnx', '--intended-use', 'tests']],
    ['the folder of the bundle is missing', ['model', 'init', '--onnx', 'x.onnx', ...card]],
  ])('%s: nothing is asked, the command ends with 2', async (what, argv) => {
    const { code, stderr } = await cli(argv);
    expect(code).toBe(2);
    expect(stderr).toContain(what);
  });
});

describe('model check', () => {
  const found: ModelCheck = {
    model: { name: 'fake', sha256: 'a'.repeat(64), intendedUse: 'tests' },
    encoders: [
      {
        name: 'net',
        reads: 'tiles',
        inputShape: [3, 8, 8],
        outputs: [{ name: 'logit', columns: 2 }],
        perSecond: 123.4,
        dependsOnNeighbours: true,
      },
    ],
    failure: null,
    notTried: null,
  };

  it('shows shapes, speed and neighbours', async () => {
    const { code, stdout } = await cli(['model', 'check', 'm'], { library: { checkModel: async () => found } });
    expect(code).toBe(0);
    expect(stdout).toContain('a tile [3, 8, 8] gives logit 2; 123 tiles per second; ROWS DEPEND ON THE OTHER TILES');
    expect(stdout).toContain('runs on noise');
  });

  it.each([
    ['tooLarge', 'not tried: a slide for it would be too large'],
    ['noColumn', 'not tried: nobody said which column is the score'],
  ] as const)('says that nothing ran: %s', async (notTried, text) => {
    const library = { checkModel: async () => ({ ...found, notTried }) };
    const { code, stdout } = await cli(['model', 'check', 'm'], { library });
    expect([code, stdout.includes(text), stdout.includes('runs on noise')]).toEqual([0, true, false]);
  });

  it('--json is one line', async () => {
    const { stdout } = await cli(['model', 'check', 'm', '--json'], { library: { checkModel: async () => found } });
    expect(stdout.split('\n')).toHaveLength(2);
    expect(JSON.parse(stdout)).toEqual(found);
  });

  it('rules that leave no noise are no fault', async () => {
    const failure = new MicrotomeError('NO_TISSUE', 'tiles', 'nothing is left');
    const library = { checkModel: async () => ({ ...found, failure }) };
    const { code, stdout } = await cli(['model', 'check', 'm'], { library });
    expect([code, stdout.includes('its heads were not run')]).toEqual([0, true]);
  });

  it('a model that fails ends with the code of its error, and says which', async () => {
    const failure = new MicrotomeError('MODEL_MISMATCH', 'infer', 'two sides');
    const { code, stdout } = await cli(['model', 'check', 'm'], {
      library: { checkModel: async () => ({ ...found, failure }) },
    });
    expect(code).toBe(2);
    expect(stdout).toContain('MODEL_MISMATCH: two sides');
  });
});

it('each has its help, and a model of that name is reached by its path', async () => {
  expect((await cli(['help', 'model', 'init'])).stdout).toContain('usage: microtome model init <folder>');
  expect((await cli(['model', 'check', '--help'])).stdout).toContain('usage: microtome model check');
  expect((await cli(['--help'])).stdout).toContain('model init <folder>');
  expect((await cli(['model', './check'])).stdout).toContain('fake');
});
