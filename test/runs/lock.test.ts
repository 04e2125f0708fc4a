import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { lockOutput, type LockTimes } from '../../lib/runs/lock.js';
import { thisProcess } from '../../lib/runs/process-identity.js';
import { failureOf, systemError, faultyFileSystem, temporaryFolder } from './support.js';

const times: LockTimes = { heartbeatMs: 20, watchMs: 300, settleMs: 10 };
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function output(): Promise<string> {
  return join(await temporaryFolder(), 'out.csv');
}

/** The number and start of a process that sleeps. */
async function sleeper(): Promise<{ child: ChildProcess; pid: number; startTicks: string }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  const pid = child.pid as number;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return { child, pid, startTicks: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '' };
}

async function leftLock(path: string, change: Record<string, unknown>): Promise<void> {
  await writeFile(`${path}.lock`, `${JSON.stringify({ ...(await thisProcess()), nonce: 'someone', ...change })}\n`);
}

describe('the lock of an output', () => {
  it('is there while held, names its owner, and is gone after', async () => {
    const path = await output();
    const lock = await lockOutput(path, undefined, times);
    expect(JSON.parse(await readFile(`${path}.lock`, 'utf8'))).toMatchObject({ pid: process.pid });
    await lock.assertHeld();
    await lock.release();
    await lock.release();
    expect(await readdir(join(path, '..'))).toEqual([]);
  });

  it('refuses a second holder in the same process, and in another one that lives', async () => {
    const path = await output();
    const lock = await lockOutput(path, undefined, times);
    expect((await failureOf(lockOutput(path, undefined, times))).code).toBe('OUTPUT_LOCKED');
    await lock.release();
    const { pid, startTicks } = await sleeper();
    await leftLock(path, { pid, startTicks });
    const error = await failureOf(lockOutput(path, undefined, times));
    expect(error.code).toBe('OUTPUT_LOCKED');
    expect(error.message).toContain(`process number ${pid}`);
    expect(JSON.parse(await readFile(`${path}.lock`, 'utf8'))).toMatchObject({ pid });
  });

  it('is taken over from a process that was killed', async () => {
    const path = await output();
    const { child, pid, startTicks } = await sleeper();
    await leftLock(path, { pid, startTicks });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await lockOutput(path, undefined, times);
    expect(JSON.parse(await readFile(`${path}.lock`, 'utf8'))).toMatchObject({ pid: process.pid });
    await lock.release();
  });

  it('is taken over when the number now belongs to a younger process', async () => {
    const path = await output();
    const { pid } = await sleeper();
    await leftLock(path, { pid, startTicks: '1' });
    await (await lockOutput(path, undefined, times)).release();
  });

  it.each(['', '{"pid":12', 'no json at all', '{"pid":"x"}'])(
    'an unfinished lock (%j) of a killed writer is taken over',
    async (raw) => {
      const path = await output();
      await writeFile(`${path}.lock`, raw);
      await (await lockOutput(path, undefined, times)).release();
      expect(await readdir(join(path, '..'))).toEqual([]);
    },
  );

  it('of another machine: taken over without a sign of life, refused with one', async () => {
    const path = await output();
    await leftLock(path, { bootId: 'another machine' });
    await (await lockOutput(path, undefined, times)).release();
    await leftLock(path, { bootId: 'another machine' });
    let beats = 0;
    const beat = setInterval(() => {
      const now = new Date(Date.now() + ++beats * 1000);
      utimes(`${path}.lock`, now, now).catch(() => {});
    }, 20);
    try {
      expect((await failureOf(lockOutput(path, undefined, times))).code).toBe('OUTPUT_LOCKED');
    } finally {
      clearInterval(beat);
    }
  });

  it('shows its own sign of life', async () => {
    const path = await output();
    const lock = await lockOutput(path, undefined, times);
    await utimes(`${path}.lock`, new Date(0), new Date(0));
    const deadline = Date.now() + 5000;
    const { stat } = await import('node:fs/promises');
    while ((await stat(`${path}.lock`)).mtimeMs === 0) {
      expect(Date.now()).toBeLessThan(deadline);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await lock.release();
  });

  it('a lost lock is noticed, and releasing it leaves the new one alone', async () => {
    const path = await output();
    const lock = await lockOutput(path, undefined, times);
    await leftLock(path, {});
    expect((await failureOf(lock.assertHeld())).code).toBe('OUTPUT_LOCKED');
    await lock.release();
    expect(await readdir(join(path, '..'))).toEqual(['out.csv.lock']);
  });

  it('one of many that come at the same time over a stale lock gets it', async () => {
    const path = await output();
    await leftLock(path, { pid: 2 ** 22 + 1 });
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockOutput(path, undefined, times)));
    const held = results.filter((result) => result.status === 'fulfilled');
    expect(held).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'OUTPUT_LOCKED' });
    }
    for (const result of held) await result.value.release();
  });

  it('watching ends with the signal', async () => {
    const path = await output();
    await leftLock(path, { bootId: 'another machine' });
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 30);
    await expect(lockOutput(path, undefined, { ...times, watchMs: 60_000 }, controller.signal)).rejects.toBe(reason);
  });

  it('no folder, a full disk: the error says so and nothing is left', async () => {
    const path = await output();
    expect((await failureOf(lockOutput(join(path, 'x', 'y.csv'), undefined, times))).code).toBe('FILE_NOT_FOUND');
    const fs = faultyFileSystem((operation) => {
      if (operation === 'write') throw systemError('ENOSPC');
    });
    expect((await failureOf(lockOutput(path, fs, times))).code).toBe('DISK_FULL');
    expect(await readdir(join(path, '..'))).toEqual([]);
  });
});
