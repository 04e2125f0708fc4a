import { appendFile, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MicrotomeError, type ErrorCode } from '../../lib/core/errors.js';
import { flagNaming } from '../../lib/cli/naming.js';
import { outcomeJson } from '../../lib/cli/outcome.js';
import { withJson } from '../../lib/core/plain-json.js';
import { competitionArea, fakeScorer, readOf, resultOf, scoreOfName, type Area } from '../runs/support.js';
import { lockOutput } from '../../lib/runs/lock.js';
import { cli, type CliSettings } from './support.js';

function args(area: Area, ...more: string[]): string[] {
  return [
    'score',
    area.slides,
    '--model',
    'demo',
    '--format',
    area.format,
    '--metadata',
    area.metadata,
    '--out',
    area.output,
    ...more,
  ];
}

const besides = async (area: Area): Promise<string[]> =>
  (await readdir(area.folder)).filter((name) => name !== 'data').sort();

describe('exit codes of score', () => {
  it('0: every row scored', async () => {
    const area = await competitionArea(3);
    const { code, stdout, stderr } = await cli(args(area));
    expect(code).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain(`${area.output}: 3 rows, 12 tiles`);
    expect(stderr).toContain('model fake: it has no card, so nothing is known about its use; not for clinical use');
    expect((await readFile(area.output, 'utf8')).split('\n')[1]).toBe(
      `${area.names[0]},${scoreOfName(area.names[0] as string).toFixed(9)}`,
    );
  });

  it('3: complete, with the fallback for failed slides and missing ones', async () => {
    const area = await competitionArea(3);
    const failing = { [area.names[1] as string]: 'CORRUPT_TILE' as const };
    const first = await cli(args(area), { scorer: { failing } });
    expect(first.code).toBe(3);
    expect(first.stderr).toContain(`failed: ${join(area.slides, area.names[1] as string)}: CORRUPT_TILE: `);
    expect(first.stderr).toContain('1 failed and carry the fallback');
    expect((await readFile(area.output, 'utf8')).split('\n')).toHaveLength(5);
    await unlink(join(area.slides, area.names[0] as string));
    const second = await cli(args(area, '--overwrite', '--on-missing', 'fallback'));
    expect(second.code).toBe(3);
    expect(second.stderr).toContain('1 without a slide carry the fallback');
  });

  it('4: the files are refused; nothing is written', async () => {
    const area = await competitionArea(3);
    await unlink(join(area.slides, area.names[0] as string));
    await unlink(join(area.slides, area.names[2] as string));
    const missing = await cli(args(area));
    expect(missing).toMatchObject({ code: 4, stdout: '' });
    expect(missing.stderr).toContain('ROWS_MISMATCH (csv)');
    expect(missing.stderr).toContain(area.names[0]);
    expect(missing.stderr).toContain(area.names[2]);
    expect(missing.stderr.split('\n')).toHaveLength(2);
    await writeFile(area.format, 'filename,relapse\n../x.tif,0.5\n');
    for (const more of [[], ['--on-missing', 'fallback']]) {
      expect((await cli(args(area, ...more))).code).toBe(4);
    }
    expect((await cli(['score', join(area.folder, 'none'), '--model', 'm'])).code).toBe(4);
    expect(await besides(area)).toEqual([]);
  });

  it.each([
    'MODEL_INVALID',
    'MODEL_MISMATCH',
    'RUNTIME_MISSING',
    'DEVICE_UNAVAILABLE',
    'UNSUPPORTED_PLATFORM',
    'INVALID_OPTION',
    'FILE_NOT_FOUND',
    'FILE_UNREADABLE',
  ] as ErrorCode[])('2: %s of the model; nothing is written', async (code) => {
    const area = await competitionArea(2);
    const createScorer = () => Promise.reject(new MicrotomeError(code, 'infer', 'made by the test'));
    const result = await cli(args(area), { library: { createScorer } });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(`${code} (infer): made by the test`);
    expect(await besides(area)).toEqual([]);
  });

  it('2: the output is there; 4: another run was resumed; both leave all as it was', async () => {
    const area = await competitionArea(2);
    await writeFile(area.output, 'old');
    expect((await cli(args(area))).code).toBe(2);
    expect(await readFile(area.output, 'utf8')).toBe('old');
    await unlink(area.output);
    const failing = { [area.names[1] as string]: 'TRUNCATED' as const };
    expect((await cli(args(area), { scorer: { failing, fallback: null } })).code).toBe(1);
    const journal = await readFile(`${area.output}.journal`);
    const refused = await cli(args(area, '--resume', '--mpp', '2'));
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('RESUME_REFUSED');
    expect(refused.stderr).toContain('the option --mpp was not given and is 2');
    expect(await readFile(`${area.output}.journal`)).toEqual(journal);
  });

  it('1: a slide failed and no fallback is declared; resuming after the repair gives 0', async () => {
    const area = await competitionArea(3);
    const bad = area.names[0] as string;
    const first = await cli(args(area), { scorer: { failing: { [bad]: 'TRUNCATED' }, fallback: null } });
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('TRUNCATED');
    expect(await besides(area)).toEqual(['submission.csv.journal']);
    const second = await cli(args(area, '--resume'), { scorer: { fallback: null } });
    expect(second.code).toBe(0);
    expect(second.stderr).toContain('2 from the journal');
  });

  it('3: a failure of one slide, whatever its code', async () => {
    const area = await competitionArea(6);
    const failing = { [area.names[4] as string]: 'DEVICE_UNAVAILABLE' as const };
    expect((await cli(args(area, '--slides-in-flight', '1'), { scorer: { failing } })).code).toBe(3);
    const first = { [area.names[0] as string]: 'INVALID_OPTION' as const };
    expect((await cli(args(area, '--overwrite'), { scorer: { failing: first } })).code).toBe(3);
  });

  it('3: --fallback for a model that declares none; --on-error skip, with or without a table', async () => {
    const area = await competitionArea(3);
    const names = [...area.names].sort();
    const bad = names[1] as string;
    const scorer = { failing: { [bad]: 'MODEL_MISMATCH' as const }, failingStage: 'tiles' as const, fallback: null };
    const stood = await cli(args(area, '--fallback', '0.5'), { scorer });
    expect(stood.code).toBe(3);
    expect(await readFile(area.output, 'utf8')).toContain(`${bad},0.500000000\n`);
    const folder = ['score', area.slides, '--model', 'demo', '--on-error', 'skip'];
    const skipped = await cli([...folder, '--out', area.output, '--overwrite', '--json'], { scorer });
    expect(skipped.code).toBe(3);
    expect(await readFile(area.output, 'utf8')).not.toContain(bad);
    expect(skipped.stderr).toContain(`failed: ${join(area.slides, bad)}: MODEL_MISMATCH: `);
    expect(skipped.stderr).toContain(`${area.output}: 2 rows, 1 failed and has no row, 8 tiles`);
    const lines = skipped.stdout.trimEnd().split('\n');
    expect(JSON.parse(lines[1] as string)).toMatchObject({ ok: false, fallback: null, path: join(area.slides, bad) });
    const table = await cli(folder, { scorer });
    expect(table.code).toBe(3);
    expect(table.stdout).toContain(`MODEL_MISMATCH\t${join(area.slides, bad)}\n`);
    expect(table.stderr).toContain('3 rows, 1 failed, 8 tiles');
  });

  it('2: --on-error skip with --format, in the words of the command line', async () => {
    const area = await competitionArea(2);
    const result = await cli(args(area, '--on-error', 'skip'));
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('--on-error skip was given with --format');
    expect(await besides(area)).toEqual([]);
  });

  it('2: a second start of a live run says that it lives', async () => {
    const area = await competitionArea(2);
    const lock = await lockOutput(area.output);
    const { code, stderr } = await cli(args(area));
    await lock.release();
    expect(code).toBe(2);
    expect(stderr).toContain(`OUTPUT_LOCKED (csv): ${area.output} is being written by another run (process number `);
  });

  it('the advice to a slide that failed can be followed', async () => {
    const area = await competitionArea(3);
    const bad = area.names[1] as string;
    const first = await cli(args(area), { scorer: { failing: { [bad]: 'CORRUPT_TILE' }, fallback: null } });
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('--on-bad-tile fill');
    expect(first.stderr).toContain('the slides that failed, or pass --fallback N, and continue with --resume');
    const second = await cli(args(area, '--on-bad-tile', 'fill', '--resume'), { scorer: { fallback: null } });
    expect(second.code).toBe(0);
    expect(second.stderr).toContain('3 rows, 2 from the journal');
  });

  it('--provisional: an interrupted run says what stands in the place of the output', async () => {
    const area = await competitionArea(6);
    const controller = new AbortController();
    const settings: CliSettings = {
      signal: controller.signal,
      scorer: { delayMs: () => 5 },
      onStdout: () => controller.abort(),
    };
    const first = await cli(args(area, '--json', '--provisional'), settings);
    expect(first.code).toBe(130);
    const said = `${area.output} is provisional: a slide that was not scored has the fallback value; the scores so far are in ${area.output}.journal, continue with --resume\n`;
    expect(first.stderr).toContain(said);
    expect(await besides(area)).toEqual(['submission.csv', 'submission.csv.journal']);
    const refused = await cli(args(area, '--provisional', '--on-error', 'error', '--resume'));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--provisional was given with --on-error error');
    expect((await cli(args(area, '--resume'))).code).toBe(0);
    expect(await besides(area)).toEqual(['submission.csv']);
  });

  it('130: interrupted; the journal stays, --resume completes it, and a third time there is nothing to do', async () => {
    const area = await competitionArea(6);
    const controller = new AbortController();
    let lines = 0;
    const settings: CliSettings = {
      signal: controller.signal,
      scorer: { delayMs: () => 5 },
      onStdout: () => {
        if (++lines === 2) controller.abort();
      },
    };
    const first = await cli(args(area, '--json'), settings);
    expect(first.code).toBe(130);
    expect(first.stderr).toContain('interrupted; continue a run that has --out with --resume');
    expect(await besides(area)).toEqual(['submission.csv.journal']);
    const second = await cli(args(area, '--json', '--resume'));
    expect(second.code).toBe(0);
    const third = await cli(args(area, '--resume'));
    expect(third.code).toBe(0);
    expect(third.stderr).toContain('complete already, nothing to do');
    expect(third.stderr).toContain('to score it again, pass --overwrite without --resume');
    expect(third.scorers).toHaveLength(0);
  });
});

describe('what score prints', () => {
  it('--json: one line for each slide in row order, told only once its row is in the journal', async () => {
    const area = await competitionArea(5);
    const failing = { [area.names[3] as string]: 'NO_TISSUE' as const };
    const journals: Promise<string>[] = [];
    const onStdout = (): void => void journals.push(readFile(`${area.output}.journal`, 'utf8'));
    const { stdout } = await cli(args(area, '--json'), {
      scorer: { failing, delayMs: (name) => (name === area.names[0] ? 40 : 1) },
      onStdout,
    });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((line) => line['path'])).toEqual(area.names.map((name) => join(area.slides, name)));
    expect(lines[0]).toMatchObject({
      ok: true,
      score: scoreOfName(area.names[0] as string),
      outputs: { relapse: [expect.any(Number)] },
      tiles: 4,
    });
    expect(lines[3]).toMatchObject({ ok: false, fallback: 0.25, error: { code: 'NO_TISSUE', stage: 'decode' } });
    for (const [i, journal] of (await Promise.allSettled(journals)).entries()) {
      // The journal of the last lines may be gone with the finished run; while it is there it has the row.
      if (journal.status === 'fulfilled') expect(journal.value).toContain(area.names[i]);
    }
    expect(journals).toHaveLength(5);
  });

  it('without --out: a table on stdout, nothing written; failures give 1', async () => {
    const area = await competitionArea(2);
    const ok = await cli(['score', area.slides, '--model', 'demo']);
    expect(ok.code).toBe(0);
    const names = [...area.names].sort();
    expect(ok.stdout).toBe(
      names.map((name) => `${scoreOfName(name).toFixed(9)}\t${join(area.slides, name)}\n`).join(''),
    );
    const bad = await cli(['score', area.slides, '--model', 'demo'], {
      scorer: { failing: { [names[0] as string]: 'NO_TISSUE' } },
    });
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain(`NO_TISSUE\t${join(area.slides, names[0] as string)}\n`);
    expect(await besides(area)).toEqual([]);
  });

  it('single slides, also into a CSV; not a folder and slides together', async () => {
    const area = await competitionArea(3);
    const one = join(area.slides, area.names[2] as string);
    expect((await cli(['score', one, '--model', 'demo', '--json'])).stdout).toContain(JSON.stringify(one));
    expect((await cli(['score', one, '--model', 'demo', '--out', area.output])).code).toBe(0);
    expect(await readFile(area.output, 'utf8')).toContain(`${area.names[2]},`);
    expect((await cli(['score', one, area.slides, '--model', 'demo'])).code).toBe(2);
    expect((await cli(['score', one, one, '--model', 'demo'])).code).toBe(2);
    expect((await cli(['score', one, '--format', area.format, '--model', 'demo'])).code).toBe(2);
    expect((await cli(['score', join(area.slides, 'none.tif'), '--model', 'demo'])).code).toBe(4);
  });

  it('failed slides are told of before the end: the last progress, then the summary', async () => {
    const area = await competitionArea(4);
    const names = area.names;
    // The first slide is the last to end, so that all others are told of after it.
    const failing = Object.fromEntries(names.map((name) => [name, 'NO_TISSUE' as const]));
    const { stderr } = await cli(args(area, '--progress', 'plain', '--slides-in-flight', '4'), {
      scorer: { failing, delayMs: (name) => (name === names[0] ? 30 : 0) },
    });
    const lines = stderr.trimEnd().split('\n');
    expect(lines.slice(-2)[0]).toMatch(/^4\/4 slides, 4 failed/);
    expect(lines.slice(-2)[1]).toContain(`${area.output}: 4 rows, 4 failed and carry the fallback`);
    expect(lines.slice(-6, -2).every((line) => line.startsWith('failed: '))).toBe(true);
  });

  it('without --out the summary does not speak of rows that carry something', async () => {
    const area = await competitionArea(2);
    const failing = { [area.names[0] as string]: 'NO_TISSUE' as const };
    const { code, stderr } = await cli(['score', area.slides, '--model', 'demo'], { scorer: { failing } });
    expect(code).toBe(1);
    expect(stderr).toContain('2 rows, 1 failed, 4 tiles');
    expect(stderr).not.toContain('carry');
  });

  it('what a resumed run scores again, and what is gone, is told by the names of the flags', async () => {
    const area = await competitionArea(4);
    const names = [...area.names].sort();
    const folder = ['score', area.slides, '--model', 'demo', '--out', area.output];
    const white = { badTiles: 2, missingTiles: 0, warnings: ['white'] };
    const result = (name: string) => (name === names[0] ? white : {});
    const failing = { [names[3] as string]: 'NO_TISSUE' as const };
    await cli([...folder, '--on-bad-tile', 'fill'], { scorer: { failing, result, fallback: null } });
    await unlink(join(area.slides, names[1] as string));
    const { code, stderr } = await cli([...folder, '--resume']);
    expect(code).toBe(0);
    expect(stderr).toContain(`scored again: ${names[0]}: --on-bad-tile was fill and is error`);
    expect(stderr).toContain(`not in this run any more: ${names[1]}`);
    expect(stderr).toContain('3 rows, 1 from the journal');
  });

  it('a fallback value that goes before the declared one is said', async () => {
    const area = await competitionArea(1);
    const { stderr } = await cli(args(area, '--fallback', '0.5'));
    expect(stderr).toContain('fallback value: 0.5, as --fallback says; the model declares 0.25');
    expect((await cli(args(area, '--overwrite', '--fallback', '0.25'))).stderr).not.toContain('fallback value');
  });

  it('--json --tiles: the line has the table of tiles, as plain JSON', () => {
    const outputs = { logit: { columns: 2, columnNames: ['a', 'b'], values: Float64Array.of(1, 2) } };
    const level0 = { level0PerPxX: 2, level0PerPxY: 2.5 };
    const places = { count: 1, x: Float64Array.of(3), y: Float64Array.of(4), level: 1, footprintPx: 8, ...level0 };
    const inLevel0 = { level0X: Float64Array.of(6), level0Y: Float64Array.of(10), level0Width: 16, level0Height: 20 };
    const tiles = withJson({ ...places, ...inLevel0, outputs, quality: null });
    const line = outcomeJson({ ok: true, result: { ...resultOf('a.tif', 0.5), tiles } }, flagNaming);
    expect(JSON.parse(JSON.stringify(line))).toMatchObject({
      tiles: 4,
      tileTable: {
        count: 1,
        x: [3],
        y: [4],
        level0X: [6],
        level0Y: [10],
        ...level0,
        outputs: { logit: { columns: 2, values: [1, 2] } },
      },
    });
    expect(Object.keys(outcomeJson({ ok: true, result: resultOf('a.tif', 0.5) }, flagNaming))).not.toContain(
      'tileTable',
    );
  });

  it('what the deadline took is told: by slide, in the JSON line, in the summary', async () => {
    const area = await competitionArea(2);
    const sampled = { tiles: 64, of: 900, reason: 'deadline', seed: 0 } as const;
    const library = {
      createScorer: async () => {
        const scorer = fakeScorer();
        const score = scorer.score.bind(scorer);
        scorer.score = async (path, options) => {
          const result = await score(path, options);
          return path.endsWith(area.names[1] as string) ? { ...result, read: { ...readOf(result), sampled } } : result;
        };
        return scorer;
      },
    };
    const { code, stdout, stderr } = await cli(args(area, '--json', '--deadline', '1h'), { library });
    expect(code).toBe(0);
    expect(stderr).toContain(`short of time: ${join(area.slides, area.names[1] as string)}: 64 of 900 tiles`);
    expect(stderr).toContain('1 from a part of their tiles for lack of time');
    const reads = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { read: object }).read);
    expect(reads).toMatchObject([{ sampled: null }, { sampled }]);
    const none = await cli(args(area, '--overwrite', '--deadline', '0.001s'));
    expect(none.code).toBe(3);
    expect(none.stderr).toContain('2 failed and carry the fallback, 2 not scored for lack of time');
  });

  it('the options reach the scorer under their names', async () => {
    const area = await competitionArea(1);
    let seen: unknown;
    const more = [
      '--mpp',
      '0.5',
      '--tiles-per-slide',
      '9',
      '--stop-at',
      '0.02',
      '--stop-min-tiles',
      '500',
      '--on-bad-tile',
      'fill',
      '--threads',
      '2',
      '--memory-limit',
      '512MiB',
      '--column',
      '1',
      '--graph-output',
      'logits',
      '--device',
      'cpu',
      '--tile-size',
      '64',
      '--onnx-runtime-path',
      '/x.so',
    ];
    await cli(args(area, ...more), {
      library: {
        createScorer: (options) => {
          seen = options;
          return Promise.reject(new MicrotomeError('MODEL_INVALID', 'infer', 'enough'));
        },
      },
    });
    expect(seen).toMatchObject({
      model: 'demo',
      mpp: 0.5,
      tilesPerSlide: 9,
      stopping: { halfWidth: 0.02, minTiles: 500 },
      onBadTile: 'fill',
      threads: 2,
      memoryLimit: 512 * 2 ** 20,
      column: 1,
      graphOutput: 'logits',
      device: 'cpu',
      tile: { size: 64 },
      onnxRuntimePath: '/x.so',
    });
    expect(Object.keys(seen as object)).not.toContain('level');
  });
});

describe('progress', () => {
  it('percent prints percent and elapsed time and nothing else, whatever happens', async () => {
    const area = await competitionArea(4);
    const failing = { [area.names[1] as string]: 'CORRUPT_TILE' as const };
    const { code, stderr } = await cli(args(area, '--progress', 'percent'), { scorer: { failing } });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^(\d{1,3}% \d+:\d\d:\d\d\n)+$/);
    expect(stderr).toContain('100% ');
  });

  it('none prints nothing', async () => {
    const area = await competitionArea(2);
    expect((await cli(args(area, '--progress', 'none'))).stderr).toBe('');
  });

  it('a bar on a terminal, cleared in the end, never wider than it; plain lines elsewhere', async () => {
    const area = await competitionArea(3);
    const bar = await cli(args(area), { tty: { columns: 40 } });
    expect(bar.stderr).toContain('\r[');
    for (const piece of bar.stderr.split(/\r|\n/))
      if (piece.startsWith('[')) expect(piece.replace('\u001b[K', '').length).toBeLessThan(40);
    // The bar is wiped before the last line, which is the summary.
    const last = bar.stderr.split('\r\u001b[K').at(-1) as string;
    expect(last.startsWith(`${area.output}: 3 rows`)).toBe(true);
    expect(last.indexOf('\n')).toBe(last.length - 1);
    const plain = await cli(args(area, '--overwrite'));
    expect(plain.stderr).not.toContain('\r');
    expect(plain.stderr).toContain('3/3 slides');
    expect(
      (await cli(args(area, '--overwrite', '--progress', 'plain'), { tty: { columns: 40 } })).stderr,
    ).not.toContain('\r');
  });
});

describe('a reader that goes away', () => {
  it('without --out the run ends quietly; with it the CSV is still written', async () => {
    const area = await competitionArea(6);
    const controller = new AbortController();
    const settings: CliSettings = {
      signal: controller.signal,
      stdoutClosed: () => controller.signal.aborted,
      scorer: { delayMs: () => 5 },
      onStdout: () => controller.abort(),
    };
    const gone = await cli(['score', area.slides, '--model', 'demo'], settings);
    expect(gone.code).toBe(130);
    expect(gone.stderr).not.toContain('interrupted');
    await appendFile(area.format, '\n');
    expect((await cli(args(area, '--json'), { stdoutClosed: () => true })).code).toBe(0);
    expect(await besides(area)).toEqual(['submission.csv']);
  });
});
