/** The run in the box over a library that the test plays: order of devices, endings, exit codes, the lines of the log. */
import { describe, expect, it } from 'vitest';
import { boxExit, LastCall, runBox, type BoxLibrary } from '../../lib/competition/box/box-run.js';
import { deviceOrder } from '../../lib/competition/box/choose-device.js';
import { BoxLog } from '../../lib/competition/box/log.js';
import { boxFailures, boxStages, lineGrammar, timeText } from '../../lib/competition/box/log-lines.js';
import { boxTimes, memoryLimitOf } from '../../lib/competition/box/machine-limits.js';
import {
  MicrotomeError,
  type DirectoryOptions,
  type DirectoryProgress,
  type ErrorCode,
  type Model,
  type Stage,
} from '../../lib/index.js';
import { withoutTimes } from './support/unpacked-box.js';

const grammar = new RegExp(`^(?:${lineGrammar})$`);
const hourMs = 3_600_000;

interface Played {
  /** What each run over the folder does, in turn; the last one again. */
  readonly runs?: readonly ((options: DirectoryOptions, stop: AbortController) => Promise<void> | void)[];
  readonly found?: readonly { readonly id: string; readonly kind: string }[];
  readonly inputs?: number;
  readonly load?: () => void;
  readonly there?: readonly string[];
  readonly runtime?: string | null;
  readonly deadline?: string | null;
  readonly elapsedMs?: number;
}

interface Outcome {
  readonly code: number;
  readonly lines: readonly string[];
  readonly options: readonly DirectoryOptions[];
}

async function play(played: Played = {}): Promise<Outcome> {
  const { runs = [finishes], found = [{ id: 'cpu', kind: 'cpu' }], inputs = 1, there = [] } = played;
  const options: DirectoryOptions[] = [];
  const lines: string[] = [];
  const stop = new AbortController();
  const elapsedMs = (): number => played.elapsedMs ?? 1000;
  const library = {
    async loadModel() {
      played.load?.();
      return { inputs: Array.from({ length: inputs }, () => ({})) } as unknown as Model;
    },
    devices: async () => found,
    scoreDirectory(_: string, given: DirectoryOptions) {
      const run = runs[Math.min(options.length, runs.length - 1)];
      options.push(given);
      return { done: (async () => run?.(given, stop))() };
    },
  } as unknown as BoxLibrary;
  const settings = {
    bundle: '/box/model',
    data: '/box/data',
    output: '/box/submission.csv',
    runtime: played.runtime ?? null,
    memoryLimit: 2 ** 30,
    deadline: played.deadline ?? null,
    elapsedMs,
    lockWaitMs: 1,
    endWaitMs: 5,
    isThere: async (path: string) => there.includes(path),
  };
  const code = await runBox(settings, library, new BoxLog((line) => lines.push(line), elapsedMs), stop);
  for (const line of lines) expect(line.slice(0, -1)).toMatch(grammar);
  return { code, lines: withoutTimes(lines.map((line) => line.slice(0, -1))), options };
}

const at = (done: number, total: number): DirectoryProgress => ({ slides: { done, total } }) as DirectoryProgress;
function finishes({ onModel, onProgress }: DirectoryOptions): void {
  onModel?.({} as Model);
  for (let done = 0; done <= 3; ++done) onProgress?.(at(done, 3));
}
const fails =
  (code: ErrorCode, stage: Stage = 'csv', after: (options: DirectoryOptions) => void = () => {}, path?: string) =>
  (options: DirectoryOptions): void => {
    after(options);
    throw new MicrotomeError(code, stage, 'the slide /data/secret.tif has 41 tiles', { path });
  };
/** As a run does with a read that never comes back: it writes what it has, and then waits for the read. */
const hangs = (): Promise<void> => new Promise(() => {});

const steps = Array.from({ length: 20 }, (_, i) => `progress ${5 * (i + 1)}% T`);
const version = expect.stringMatching(/^microtome [0-9]/) as string;
const whole = [
  version,
  'stage start T',
  'device cpu',
  'stage load T',
  ...steps,
  'stage score T',
  'stage write T',
  'done T',
];

describe('a run in the box', () => {
  it('scores the folder with what the challenge asks for, and ends with 0', async () => {
    const { code, lines, options } = await play();
    expect([code, lines]).toEqual([boxExit.done, whole]);
    expect(options).toEqual([
      expect.objectContaining({
        preset: 'visiomel',
        format: '/box/data/submission_format.csv',
        metadata: '/box/data/test_metadata.csv',
        output: '/box/submission.csv',
        onMissing: 'fallback',
        onError: 'fallback',
        provisional: true,
        overwrite: true,
        device: 'cpu',
        memoryLimit: 2 ** 30,
        deadline: 7.75 * hourMs - 1000,
      }),
    ]);
    expect(options[0]).not.toHaveProperty('onnxRuntimePath');
  });

  it('goes on with a journal that is there, and starts again where it does not fit', async () => {
    const there = ['/box/submission.csv.journal'];
    const resumed = await play({ there });
    expect(resumed.options.map(({ resume, overwrite }) => [resume, overwrite])).toEqual([[true, undefined]]);
    const { code, lines, options } = await play({ there, runs: [fails('RESUME_REFUSED'), finishes] });
    expect([code, lines]).toEqual([0, [...whole.slice(0, 3), 'stage restart T', ...whole.slice(3)]]);
    expect(options.map(({ resume, overwrite }) => [resume, overwrite])).toEqual([
      [true, undefined],
      [undefined, true],
    ]);
    expect((await play({ there, runs: [fails('RESUME_REFUSED')] })).code).toBe(boxExit.failed);
  });

  it('waits for a run that is about to end', async () => {
    const runs = [fails('OUTPUT_LOCKED'), fails('OUTPUT_LOCKED'), finishes];
    expect(await play({ runs })).toMatchObject({ code: 0, lines: whole });
    const { code, lines, options } = await play({ runs: [fails('OUTPUT_LOCKED')] });
    expect([code, lines.at(-1), options.length]).toEqual([boxExit.failed, 'failed OUTPUT_LOCKED T', 21]);
  });

  it('tries the devices from the best on, and names the one it uses', async () => {
    const found = [
      { id: 'cpu', kind: 'cpu' },
      { id: 'cuda:1', kind: 'cuda' },
      { id: 'tensorrt:0', kind: 'tensorrt' },
      { id: 'npu', kind: 'npu' },
      { id: 'cuda:0', kind: 'cuda' },
    ];
    expect(deviceOrder(found).map(({ id }) => id)).toEqual(['tensorrt:0', 'cuda:1', 'cuda:0', 'npu', 'cpu']);
    expect(deviceOrder([])).toEqual([{ id: 'cpu', kind: 'cpu' }]);
    const runs = [fails('DEVICE_UNAVAILABLE', 'infer'), fails('RUNTIME_MISSING', 'infer'), finishes];
    const { code, lines, options } = await play({ found: found.slice(0, 3), runs, runtime: '/box/runtime' });
    expect(code).toBe(0);
    expect(lines.filter((line) => line.startsWith('device'))).toEqual(['device tensorrt', 'device cuda', 'device cpu']);
    expect(options.map(({ device, gpu, onnxRuntimePath }) => [device, gpu?.libraries, onnxRuntimePath])).toEqual([
      ['tensorrt:0', '/box/runtime', undefined],
      ['cuda:1', '/box/runtime', undefined],
      ['cpu', undefined, undefined],
    ]);
  });

  it('does not change the device once slides are scored, nor for what is no fault of the device', async () => {
    const found = [{ id: 'cuda:0', kind: 'cuda' }];
    const late = await play({
      found,
      runs: [fails('OUT_OF_MEMORY', 'infer', ({ onProgress }) => onProgress?.(at(1, 9)))],
    });
    expect([late.code, late.options.length]).toEqual([boxExit.failed, 1]);
    const model = await play({ found, runs: [fails('MODEL_MISMATCH', 'infer')] });
    expect([model.code, model.options.length]).toEqual([boxExit.failed, 1]);
  });

  it.each([
    ['CSV_INVALID', 'csv', 'data/submission_format.csv', boxExit.refused],
    ['ROWS_MISMATCH', 'csv', 'data/test_metadata.csv', boxExit.refused],
    ['FILE_NOT_FOUND', 'csv', 'data/test_metadata.csv', boxExit.refused],
    ['FILE_NOT_FOUND', 'slide', 'data', boxExit.failed],
    ['FILE_UNREADABLE', 'csv', 'submission.csv.lock', boxExit.failed],
    ['CSV_INVALID', 'infer', 'model/table.csv', boxExit.failed],
    ['LIMIT_EXCEEDED', 'infer', undefined, boxExit.failed],
    ['DISK_FULL', 'csv', 'data/submission_format.csv', boxExit.failed],
    ['OUTPUT_LOCKED', 'csv', 'submission.csv', boxExit.failed],
    ['INVALID_OPTION', 'options', undefined, boxExit.failed],
  ] as const)(
    'ends with %s of the stage %s and the file %s as exit code %i; only the code is told',
    async (...wanted) => {
      const [code, stage, file, exit] = wanted;
      const path = file === undefined ? undefined : `/box/${file}`;
      const outcome = await play({ runs: [fails(code, stage, undefined, path)] });
      expect([outcome.code, outcome.lines.at(-1)]).toEqual([exit, `failed ${code} T`]);
    },
  );

  it('an input that fails once slides were begun is no refusal; what is no error of the library is INTERNAL', async () => {
    const table = '/box/data/submission_format.csv';
    const begun = fails('FILE_UNREADABLE', 'csv', ({ onProgress }) => onProgress?.(at(1, 3)), table);
    expect((await play({ runs: [begun] })).code).toBe(boxExit.failed);
    const bug = (): never => {
      throw new TypeError('slide.tif is not a function');
    };
    expect((await play({ runs: [bug] })).lines.at(-1)).toBe('failed INTERNAL T');
    const model = (): never => {
      throw new MicrotomeError('MODEL_INVALID', 'infer', 'no model');
    };
    expect(await play({ load: model })).toEqual({ code: 1, lines: [version, 'failed MODEL_INVALID T'], options: [] });
  });

  it('a signal ends it with 130', async () => {
    const interrupted = (_: DirectoryOptions, stop: AbortController): never => {
      stop.abort(new Error('SIGTERM'));
      throw stop.signal.reason;
    };
    const { code, lines } = await play({ runs: [interrupted] });
    expect([code, lines.at(-1)]).toEqual([boxExit.interrupted, 'failed INTERRUPTED T']);
  });

  const table = ['/box/submission.csv', '/box/submission.csv.journal'];
  const late = [...whole.slice(0, -2), 'deadline T', 'done T'];

  it('when its time is up the table of this run stands; that of another run does not', async () => {
    const isCut =
      (done: number | null) =>
      ({ onModel, onProgress }: DirectoryOptions, stop: AbortController): never => {
        onModel?.({} as Model);
        if (done !== null) onProgress?.(at(done, 7));
        stop.abort(new LastCall());
        throw stop.signal.reason;
      };
    // As many lines as a run that was not cut, however far it was.
    for (const done of [0, 3, 6]) {
      expect(await play({ runs: [isCut(done)] })).toMatchObject({ code: 0, lines: late });
    }
    const none = await play({ runs: [isCut(null)], there: table });
    expect([none.code, none.lines.at(-1)]).toEqual([boxExit.failed, 'failed DEADLINE T']);
  });

  it('is stopped at its last moment, and not before its first table', async () => {
    const untilStopped = ({ onModel, onProgress, signal }: DirectoryOptions): Promise<void> =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
        // The last call has come by then.
        setTimeout(() => {
          expect(signal?.aborted).toBe(false);
          onModel?.({} as Model);
          onProgress?.(at(0, 3));
        }, 10);
      });
    const { code, lines, options } = await play({ runs: [untilStopped], inputs: 2, deadline: '1', elapsedMs: 1000 });
    // Of several grids of tiles no deadline gives up tiles, so the library gets none.
    expect([code, lines, options[0]?.deadline]).toEqual([0, late, undefined]);
    const past = await play({ deadline: '10', elapsedMs: 11_000 });
    expect([past.code, past.options[0]?.deadline]).toEqual([0, 1]);
    expect((await play({ deadline: 'soon' })).lines.at(-1)).toBe('failed INVALID_OPTION T');
  });

  it('does not wait for a read that hangs: not after the last call, nor after the finished table', async () => {
    const begins = ({ onModel, onProgress }: DirectoryOptions): void => {
      onModel?.({} as Model);
      onProgress?.(at(1, 3));
    };
    const then = (act: (options: DirectoryOptions) => void) => (options: DirectoryOptions) => {
      act(options);
      return hangs();
    };
    const isLate = { inputs: 2, deadline: '1' };
    expect(await play({ ...isLate, runs: [then(begins)] })).toMatchObject({ code: 0, lines: late });
    // Whether there is a journal says nothing of whose the table is.
    const ofOthers = await play({ ...isLate, there: table, runs: [hangs] });
    expect([ofOthers.code, ofOthers.lines.at(-1)]).toEqual([boxExit.failed, 'failed DEADLINE T']);
    expect(await play({ runs: [then(finishes)] })).toMatchObject({ code: 0, lines: whole });
  });

  it('waits for the finished table as long as the journal is there', async () => {
    const there = ['/box/submission.csv.journal'];
    let isOver = false;
    const writes = async (options: DirectoryOptions): Promise<void> => {
      finishes(options);
      await new Promise((resolve) => setTimeout(resolve, 50));
      isOver = true;
      there.pop();
      await hangs();
    };
    expect(await play({ there, runs: [writes] })).toMatchObject({ code: 0, lines: whole });
    expect(isOver).toBe(true);
  });

  it('a run that fails while it scores prints the same lines however far it was', async () => {
    const failing = (done: number) =>
      fails('DISK_FULL', 'csv', ({ onModel, onProgress }) => {
        onModel?.({} as Model);
        onProgress?.(at(done, 7));
      });
    const lines = [...whole.slice(0, -2), 'failed DISK_FULL T'];
    for (const done of [0, 3, 7]) expect(await play({ runs: [failing(done)] })).toMatchObject({ code: 1, lines });
  });
});

describe('the log of the box', () => {
  const logged = (act: (log: BoxLog) => void): readonly string[] => {
    const lines: string[] = [];
    act(
      new BoxLog(
        (line) => lines.push(line),
        () => 3_725_900,
      ),
    );
    return lines.map((line) => line.slice(0, -1));
  };

  it('prints each step of progress once and in order, however many slides there are', () => {
    const of = (total: number): readonly string[] =>
      withoutTimes(
        logged((log) => {
          for (let done = 0; done <= total; ++done) log.progress(done, total);
          log.progress(total, total);
        }),
      );
    for (const total of [1, 2, 7, 19, 20, 21, 541, 4001]) expect(of(total)).toEqual(steps);
    expect(of(0)).toEqual(steps);
    expect(logged((log) => log.progress(1, 3)).length).toBe(6);
  });

  it('every line that it can print is in the grammar, and nothing follows the ending', () => {
    const lines = [
      ...logged((log) => log.version('1.20.3-rc.1')),
      ...(['cpu', 'cuda', 'tensorrt', 'other'] as const).flatMap((kind) => logged((log) => log.device(kind))),
      ...boxStages.flatMap((stage) => logged((log) => log.stage(stage))),
      ...logged((log) => log.progress(1, 1)),
      ...logged((log) => log.deadline()),
      ...logged((log) => log.done()),
      ...boxFailures.flatMap((code) => logged((log) => log.failed(code))),
    ];
    expect(lines.filter((line) => !grammar.test(line))).toEqual([]);
    expect(lines.length).toBeGreaterThan(60);
    const ended = logged((log) => {
      log.done();
      log.failed('INTERNAL');
      log.progress(1, 1);
    });
    expect(ended).toEqual(['done 1:02:05']);
  });

  it('times are hours, minutes and seconds', () => {
    expect([0, -5, 59_999, 8 * hourMs, 1e15].map(timeText)).toEqual([
      '0:00:00',
      '0:00:00',
      '0:00:59',
      '8:00:00',
      '999:59:59',
    ]);
  });
});

describe('the limits of the box', () => {
  const gigabyte = 1e9;
  it.each([
    ['the machine of the challenge', 60 * gigabyte, 0, 20],
    ['a much larger one', 1000 * gigabyte, 0, 20],
    ['a container of 56 GB on it', 1000 * gigabyte, 56 * gigabyte, 19.6],
    ['a small one', 8 * gigabyte, 0, 2.8],
    ['a group without a limit', 8 * gigabyte, 2 ** 63, 2.8],
  ])('memory of %s', (_, machine, container, expected) => {
    expect(memoryLimitOf(machine, container) / gigabyte).toBeCloseTo(expected, 6);
  });

  it('memory is never below what the library takes', () => expect(memoryLimitOf(1, 0)).toBe(64 * 2 ** 20));

  it('time is eight hours less the margin, or what the environment says', () => {
    expect(boxTimes(null, true)).toEqual({ deadlineMs: 7.75 * hourMs, lastCallMs: 7.75 * hourMs + 300_000 });
    expect(boxTimes(null, false)).toEqual({ deadlineMs: 7.75 * hourMs, lastCallMs: 7.75 * hourMs });
    expect(boxTimes('90', false)).toEqual({ deadlineMs: 90_000, lastCallMs: 90_000 });
    expect(boxTimes('', true)).toEqual(boxTimes(null, true));
    for (const text of ['1.5', '-1', '8h', '1e3', '9999999']) expect(boxTimes(text, true)).toBeUndefined();
  });
});
