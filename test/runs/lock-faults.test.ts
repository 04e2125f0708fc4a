/** Two runs at one output, with disks that stall, links that are not there and locks that change hands in between. */
import { readFileSync } from 'node:fs';
import { link, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockOutput, type LockTimes } from '../../lib/runs/lock.js';
import { thisProcess } from '../../lib/runs/process-identity.js';
import {
  competitionArea,
  failureOf,
  gatedFileSystem,
  systemError,
  temporaryFolder,
  type Area,
  type Operation,
} from './support.js';
import { besides, csvOf, start } from './start.js';

/** No sign of life unless a test makes one. */
const times: LockTimes = { heartbeatMs: 2 ** 30, watchMs: 50, settleMs: 5 };

const outputIn = async (): Promise<string> => join(await temporaryFolder(), 'out.csv');
const besidesOf = async (output: string): Promise<string[]> => (await readdir(join(output, '..'))).sort();

/** A place where one operation stands still until it is let go on. */
class Stall {
  readonly reached: Promise<void>;
  private arrive = (): void => {};
  private goOn = (): void => {};
  private readonly gone: Promise<void>;
  private used = false;

  constructor(private readonly matches: (operation: Operation, path: string) => boolean) {
    this.reached = new Promise((resolve) => {
      this.arrive = resolve;
    });
    this.gone = new Promise((resolve) => {
      this.goOn = resolve;
    });
  }

  readonly before = async (operation: Operation, path: string): Promise<void> => {
    if (this.used || !this.matches(operation, path)) return;
    this.used = true;
    this.arrive();
    await this.gone;
  };

  release(): void {
    this.goOn();
  }
}

/** The lock as that of another machine, whose processes cannot be looked up from here. The owner does not notice. */
async function asOfElsewhere(path: string): Promise<void> {
  const content = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(`${path}.elsewhere`, `${JSON.stringify({ ...content, bootId: 'another machine' })}\n`);
  await rename(`${path}.elsewhere`, path);
}

/** One that stalls, and one that gets the lock meanwhile: the first is refused, and nothing is left behind. */
async function expectOvertaken(output: string, stall: Stall): Promise<void> {
  const slow = lockOutput(output, gatedFileSystem(stall.before), times);
  await stall.reached;
  const lock = await lockOutput(output, undefined, times);
  stall.release();
  expect((await failureOf(slow)).code).toBe('OUTPUT_LOCKED');
  await lock.assertHeld();
  await lock.release();
  expect(await besidesOf(output)).toEqual([]);
}

describe('the file of the lock', () => {
  it('is never seen empty or half written', async () => {
    const output = await outputIn();
    const seen: string[] = [];
    const fs = gatedFileSystem(async () => {
      try {
        seen.push(readFileSync(`${output}.lock`, 'utf8'));
      } catch {
        seen.push('none');
      }
    });
    const lock = await lockOutput(output, fs, times);
    await lock.assertHeld();
    await lock.release();
    expect(seen).toContain('none');
    const texts = seen.filter((text) => text !== 'none');
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts) expect(JSON.parse(text)).toMatchObject({ pid: process.pid, host: hostname() });
    expect(await besidesOf(output)).toEqual([]);
  });

  it('is made without hard links where there are none', async () => {
    const output = await outputIn();
    const fs = gatedFileSystem(async (operation) => {
      if (operation === 'link') throw systemError('EPERM');
    });
    const lock = await lockOutput(output, fs, times);
    expect(await besidesOf(output)).toEqual(['out.csv.lock']);
    expect((await failureOf(lockOutput(output, fs, times))).code).toBe('OUTPUT_LOCKED');
    await lock.assertHeld();
    await lock.release();
    expect(await besidesOf(output)).toEqual([]);
  });

  it('linked although the server said it was there: the first answer was lost', async () => {
    const output = await outputIn();
    const real = gatedFileSystem(async () => {});
    const fs = {
      ...real,
      link: async (from: string, to: string) => {
        await link(from, to);
        throw systemError('EEXIST');
      },
    } as typeof real;
    const lock = await lockOutput(output, fs, times);
    await lock.assertHeld();
    await lock.release();
    expect(await besidesOf(output)).toEqual([]);
  });

  it('what killed runs have left is swept away, and nothing else', async () => {
    const output = await outputIn();
    const id = '01234567-89ab-cdef-0123-456789abcdef';
    const left = [`.tmp`, `.${id}.tmp`, `.journal.${id}.tmp`, `.lock.${id}`, `.lock.${id}.old`];
    const others = ['.journal', '.bak', `.${id}`, '.lock.mine', '2.csv.tmp'];
    for (const end of [...left, ...others]) await writeFile(`${output}${end}`, '');
    const lock = await lockOutput(output, undefined, times);
    await lock.release();
    expect(await besidesOf(output)).toEqual(others.map((end) => `out.csv${end}`).sort());
  });
});

describe('a second start', () => {
  it('of a live run says that it lives: process, machine, since when; without resume too', async () => {
    const area = await competitionArea(3);
    const stall = new Stall((operation, path) => operation === 'datasync' && path.endsWith('.journal'));
    const first = start(area, {}, {}, { fs: gatedFileSystem(stall.before) });
    const done = first.run.done;
    await stall.reached;
    for (const options of [{}, { resume: true }, { overwrite: true }]) {
      const error = await failureOf(start(area, options).run.done);
      expect(error.code).toBe('OUTPUT_LOCKED');
      expect(error.message).toContain(`process number ${process.pid} on the machine "${hostname()}", since 2`);
      expect(error.message).toContain('which is alive');
      expect(error.message).not.toContain('interrupted');
    }
    stall.release();
    expect((await done).counts.scored).toBe(3);
    expect(await readFile(area.output, 'utf8')).toBe(csvOf([...area.names].sort()));
  });

  it('over the lock of a dead run says that the run was interrupted, and resumes it', async () => {
    const area = await competitionArea(3);
    const dead = { ...(await thisProcess()), startTicks: '1', nonce: 'x' };
    await writeFile(`${area.output}.lock`, `${JSON.stringify(dead)}\n`);
    await writeFile(`${area.output}.journal`, '');
    const error = await failureOf(start(area).run.done);
    expect(error.code).toBe('OUTPUT_EXISTS');
    expect(error.message).toContain('was interrupted');
    expect(await besides(area)).toEqual(['submission.csv.journal']);
    expect((await start(area, { resume: true }).run.done).counts.scored).toBe(3);
  });
});

describe('a lock that changes hands', () => {
  it('between the linking and the work: the acquisition is refused', async () => {
    const output = await outputIn();
    const other = `${JSON.stringify({ ...(await thisProcess()), nonce: 'other' })}\n`;
    let linked = false;
    const fs = gatedFileSystem(async (operation, path) => {
      if (operation === 'link') linked = true;
      // The first look at the lock after it was linked.
      if (linked && operation === 'open' && path === `${output}.lock`) await writeFile(path, other);
    });
    const error = await failureOf(lockOutput(output, fs, times));
    expect(error.code).toBe('OUTPUT_LOCKED');
    expect(error.message).toContain('has lost the lock');
    expect(await readFile(`${output}.lock`, 'utf8')).toBe(other);
    expect(await besidesOf(output)).toEqual(['out.csv.lock']);
  });

  it('while one stalls before it links: it finds the other one', async () => {
    const output = await outputIn();
    const stall = new Stall((operation) => operation === 'link');
    await expectOvertaken(output, stall);
  });

  it('while one stalls before it removes the lock of a dead run: the new lock is given back', async () => {
    const output = await outputIn();
    const dead = { ...(await thisProcess()), startTicks: '1', nonce: 'x' };
    await writeFile(`${output}.lock`, `${JSON.stringify(dead)}\n`);
    const stall = new Stall((operation, path) => operation === 'rename' && path.endsWith('.old'));
    await expectOvertaken(output, stall);
  });

  it('a sign of life goes to the own file, not to that of the next owner', async () => {
    const output = await outputIn();
    const lock = await lockOutput(output, undefined, { ...times, heartbeatMs: 5 });
    const kept = `${output}.kept`;
    await link(`${output}.lock`, kept);
    await rm(`${output}.lock`);
    await writeFile(`${output}.lock`, 'of somebody else');
    for (const path of [`${output}.lock`, kept]) await utimes(path, 0, 0);
    while ((await stat(kept)).mtimeMs === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect((await stat(`${output}.lock`)).mtimeMs).toBe(0);
    await lock.release();
  });
});

describe('a run whose disk stalls while another takes over', () => {
  /** Runs until it stalls; another then takes the output over and ends. */
  async function overtaken(stall: Stall, area: Area, settings: object = {}, second: Record<string, unknown> = {}) {
    const first = start(area, { slidesInFlight: 1 }, settings, { fs: gatedFileSystem(stall.before), lockTimes: times });
    const failure = failureOf(first.run.done);
    await stall.reached;
    await asOfElsewhere(`${area.output}.lock`);
    const summary = await start(area, { resume: true, ...second }, settings, { lockTimes: times }).run.done;
    const written = await readFile(area.output, 'utf8');
    stall.release();
    const error = await failure;
    expect(error.code).toBe('OUTPUT_LOCKED');
    expect(await readFile(area.output, 'utf8')).toBe(written);
    expect(await besides(area)).toEqual(['submission.csv']);
    return { summary, written };
  }

  const nthOf = (n: number, wanted: Operation, end: string) => {
    let count = 0;
    return (operation: Operation, path: string): boolean => operation === wanted && path.endsWith(end) && ++count === n;
  };

  it.each(['write', 'datasync'] as const)('in the %s of a row: the row lands in no journal', async (operation) => {
    const area = await competitionArea(5);
    // The first one is the head line, or the first row.
    const stall = new Stall(nthOf(operation === 'write' ? 4 : 3, operation, '.journal'));
    const { summary, written } = await overtaken(stall, area);
    expect(written).toBe(csvOf([...area.names].sort()));
    expect(summary.counts.resumed).toBeGreaterThanOrEqual(2);
    expect(summary.counts.scored + summary.counts.resumed).toBe(5);
  });

  it('before it names its output: the output is that of the run that took over', async () => {
    const area = await competitionArea(3);
    const failing = { [area.names[0] as string]: 'NO_TISSUE' as const };
    const stall = new Stall((operation, path) => operation === 'rename' && path === area.output);
    const { written } = await overtaken(stall, area, { failing, fallback: 0.25 }, { fallback: 0.75 });
    expect(written).toContain(',0.750000000');
    expect(written).not.toContain(',0.250000000');
  });

  it('with the journal taken over and the run still going: nothing is written to it', async () => {
    const area = await competitionArea(4);
    const stall = new Stall(nthOf(3, 'write', '.journal'));
    const first = start(area, { slidesInFlight: 1 }, {}, { fs: gatedFileSystem(stall.before), lockTimes: times });
    const failure = failureOf(first.run.done);
    await stall.reached;
    await asOfElsewhere(`${area.output}.lock`);
    const hold = new Stall((operation, path) => operation === 'rename' && path === area.output);
    const fs = gatedFileSystem(hold.before);
    const second = start(area, { resume: true, slidesInFlight: 1 }, {}, { fs, lockTimes: times });
    const done = second.run.done;
    await hold.reached;
    const journal = await readFile(`${area.output}.journal`);
    stall.release();
    expect((await failure).code).toBe('OUTPUT_LOCKED');
    expect(await readFile(`${area.output}.journal`)).toEqual(journal);
    hold.release();
    await done;
    expect(await readFile(area.output, 'utf8')).toBe(csvOf([...area.names].sort()));
  });
});
