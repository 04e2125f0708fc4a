import { describe, expect, it } from 'vitest';
import { toolVersion } from '../../lib/core/version.js';
import { cli } from './support.js';

describe('usage', () => {
  it('no command, an unknown one, a near miss: exit 2 and the commands that exist', async () => {
    for (const [argv, message] of [
      [
        [],
        'a command is missing: score, merge, embed, info, region, model, serve, evaluate, pipeline, pack, manifest, doctor, bench',
      ],
      [
        ['publish'],
        'unknown command "publish"; commands: score, merge, embed, info, region, model, serve, evaluate, pipeline, pack, manifest, doctor, bench',
      ],
      [['evaluate'], 'a submission is missing'],
      [['scroe'], 'did you mean score?'],
      [['slide.tif'], 'to score it: microtome score, then its path'],
      [['--json'], 'unknown command "--json"'],
    ] as const) {
      const { code, stderr, stdout } = await cli(argv);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toContain(message);
      expect(stderr.split('\n')).toHaveLength(2);
    }
  });

  it('--version and --help go to stdout with exit 0; each command has its help', async () => {
    expect(await cli(['--version'])).toMatchObject({ code: 0, stdout: `${toolVersion}\n`, stderr: '' });
    const help = await cli(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('exit codes');
    for (const command of ['score', 'info', 'region', 'model', 'pack', 'doctor', 'bench']) {
      expect(help.stdout).toContain(`  ${command}`);
      const one = await cli([command, '--no-such-option', '--help']);
      expect(one.code).toBe(0);
      expect(one.stdout).toContain(`usage: microtome ${command}`);
      expect(one.stdout).toContain('--verbose');
    }
    const score = await cli(['score', '--help']);
    for (const option of [
      'model',
      'format',
      'metadata',
      'out',
      'device',
      'preset',
      'mpp',
      'tiles-per-slide',
      'deadline',
      'deadline-min-tiles',
      'on-bad-tile',
      'on-missing',
      'resume',
      'progress',
      'json',
    ]) {
      expect(score.stdout).toContain(`--${option} `.trimEnd());
    }
  });

  it.each([
    [['score', 'd', '--modle', 'demo'], 'unknown option "--modle"; did you mean --model?'],
    [['score', 'd', '--model=m', '--onnx-runtime', 'x'], 'did you mean --onnx-runtime-path?'],
    [['score', 'd', '--model=m', '--zzzzzzzz'], 'unknown option "--zzzzzzzz"; see: microtome score --help'],
    [['score', 'd', '-m', 'demo'], 'unknown option "-m"'],
    [['score', 'd', '--model'], '--model needs a value'],
    [['score', 'd', '--model='], '--model needs a value'],
    [['score', 'd', '--model', '--json'], '--model needs a value, found the option "--json"'],
    [['score', 'd', '--model', 'a', '--model', 'b'], '--model was given twice'],
    [['score', 'd', '--model', 'a', '--json=yes'], '--json takes no value'],
    [['score', 'd', '--model', 'a', '--mpp', '0,5'], '--mpp is "0,5", expected a number'],
    [['score', 'd', '--model', 'a', '--mpp', 'Infinity'], '--mpp is "Infinity", expected a number'],
    [['score', 'd', '--model', 'a', '--seed', '1.5'], '--seed is "1.5", expected an integer'],
    [['score', 'd', '--model', 'a', '--seed', '9007199254740993'], 'expected an integer'],
    [['score', 'd', '--model', 'a', '--on-bad-tile', 'fil'], "expected one of error, fill; did you mean 'fill'?"],
    [['score', 'd', '--model', 'a', '--progress', 'loud'], 'expected one of bar, plain, percent, none'],
    [['score', 'd', '--model', 'a', '--preset', 'visio'], 'expected one of visiomel, isic2024'],
    [['score', 'd', '--model', 'a', '--deadline', '8'], '--deadline is "8", without a unit, expected a duration'],
    [['score', 'd', '--model', 'a', '--dedline', '8h'], 'did you mean --deadline?'],
    [['score', 'd', '--model', 'a', '--output', 'x.csv'], 'unknown option "--output"; did you mean --out?'],
    [['score', 'd', '--model', 'a', '--format-version'], 'see: microtome score --help'],
    [['score', 'd'], '--model is missing'],
    [['score', '--model', 'a'], 'a folder, a slide or a file of images is missing'],
    [['score', 'd', '--model', 'a', '--resume'], '--resume needs --out'],
    [['score', 'x.hdf5', 'y.tif', '--model', 'a'], 'score them apart'],
    [['info'], 'a slide is missing'],
    [['info', 'a', 'b'], 'unexpected argument "b"'],
    [['doctor', 'a'], 'unexpected argument "a"'],
    [['model'], 'a model is missing'],
    [['region', 'a', '--out', 'f.gif', '--width', '1', '--height', '1'], 'expected a name that ends in .png or .raw'],
    [['region', 'a', '--out', 'f.png', '--width', '1'], '--height is missing'],
  ])('%j is refused with 2', async (argv, message) => {
    const { code, stdout, stderr } = await cli(argv);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^microtome: usage: [^\n]*\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('a control character in an argument does not reach the terminal', async () => {
    const { stderr } = await cli(['score', 'd', '--\u001b[31mred']);
    expect(stderr).not.toContain('\u001b');
  });
});
