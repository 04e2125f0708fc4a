/** Programs that the tests start: each is killed with the process that started it, and its output is kept in a file. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Asks until the answer is neither null nor false. `said` names what was waited for, and may add what was seen last. */
export async function until<T>(
  ask: () => Promise<T | null | false> | T | null | false,
  said: string | (() => string),
  limitMs = 120_000,
): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    if (Date.now() > end) {
      const words = typeof said === 'string' ? said : said();
      throw new Error(`waited ${limitMs / 1000} s in vain: ${words}`);
    }
    await pause(50);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Ports that nobody listens on. All are held until the last is found, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(address !== null && typeof address === 'object' ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Makes the kernel kill a program when the process that started it ends in whatever way. Part of util-linux. */
const setpriv = '/usr/bin/setpriv';
const prefix = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL', '--'] : [];

export interface StartOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Output and errors are added to this file. */
  readonly logFile: string;
}

export interface Running {
  readonly pid: number;
  /** Exit code; 128 and the number of the signal where a signal ended it, as a kubelet says it. */
  readonly ended: Promise<number>;
  readonly isRunning: () => boolean;
  /** Sends a signal to the program and to all that it started. */
  readonly signal: (name: NodeJS.Signals) => void;
}

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/** What runs, and folders. Where the tests are interrupted nobody stops anything; nothing of it must outlive them. */
const all = new Set<Running>();
const folders: string[] = [];
process.once('exit', () => {
  for (const running of all) running.signal('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder, which is removed at the end of this process where nobody has removed it before. */
export function temporaryFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  folders.push(folder);
  return folder;
}

/** Starts a program in a process group of its own. One that cannot be started ends with 127. */
export function start(argv: readonly string[], { env, cwd, logFile }: StartOptions): Running {
  const log = openSync(logFile, 'a');
  const [program, ...args] = [...prefix, ...argv];
  const child: ChildProcess = spawn(program as string, args, {
    env,
    detached: true,
    stdio: ['ignore', log, log],
    ...(cwd === undefined ? {} : { cwd }),
  });
  closeSync(log);
  let running = true;
  const ended = new Promise<number>((resolve) => {
    const end = (code: number): void => {
      running = false;
      resolve(code);
    };
    child.once('error', () => end(127));
    child.once('exit', (code, signal) => end(code ?? 128 + (signalNumbers[signal as NodeJS.Signals] ?? 1)));
  });
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // The group is gone.
    }
  };
  const self = { pid: child.pid ?? 0, ended, isRunning: () => running, signal };
  all.add(self);
  void ended.then(() => all.delete(self));
  return self;
}

/** Asks a program to end, and makes it where it does not within the time. */
export async function stop(running: Running, graceMs = 10_000): Promise<void> {
  running.signal('SIGTERM');
  const timer = setTimeout(() => running.signal('SIGKILL'), graceMs);
  await running.ended;
  clearTimeout(timer);
  // What the program had started and left.
  running.signal('SIGKILL');
}

/** The end of a file, for an error. */
export const tailOf = (file: string, characters = 3000): string =>
  existsSync(file) ? readFileSync(file, 'utf8').slice(-characters) : '';
