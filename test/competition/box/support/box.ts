/**
 * The machine of the challenge, as far as a submission sees it: user 1000 without privileges or network, a folder to work in,
 * a data folder that cannot be written to, a home folder that cannot either. Needs root; leaves no mount behind.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { tools } from './tools.js';

const user = 1000;
const mark = '--- main.py\n';
/** Not of processes: the organisers' containers share them with the machine too (`--pid host`). */
const namespaces = ['--mount', '--net', '--ipc'];

export interface Ended {
  /** Null: a signal ended it. */
  readonly code: number | null;
  /** All that was printed, by unpacking too. */
  readonly output: string;
  /** What main.py printed. */
  readonly log: readonly string[];
}

export interface Running {
  /** Kills every process of the machine at once. */
  kill(): void;
  /** Called with each line of main.py as it comes. */
  onLine(listener: (line: string) => void): void;
  readonly ended: Promise<Ended>;
}

export class Box {
  private constructor(
    readonly folder: string,
    private readonly root: string,
    private data: string,
  ) {}

  /** `root`: the Debian whose programs it has. `data`: what is in its data folder. */
  static async create(root: string, zip: string, data: string): Promise<Box> {
    const folder = await mkdtemp(join(tools.scratch, 'box-'));
    const code = join(folder, 'code');
    for (const name of ['root', 'code', 'code/data', 'code/submission']) await mkdir(join(folder, name));
    await copyFile(zip, join(code, 'submission/submission.zip'));
    for (const path of [code, join(code, 'submission'), join(code, 'submission/submission.zip')])
      chownSync(path, user, user);
    return new Box(folder, root, data);
  }

  /** A file of the folder that the submission works in. */
  file(name: string): string {
    return join(this.folder, 'code', name);
  }

  /** The CSV beside main.py; null where there is none. */
  get csv(): string | null {
    return this.textOf('submission.csv');
  }

  /** The CSV that the organisers take; null where there is none. */
  get taken(): string | null {
    return this.textOf('submission/submission.csv');
  }

  /** Another data folder, and no trace of an earlier run. */
  startOver(data = this.data): void {
    this.data = data;
    for (const name of ['submission.csv', 'submission.csv.journal', 'submission.csv.lock', 'submission/submission.csv'])
      rmSync(this.file(name), { force: true });
  }

  /** `again`: the submission is unpacked already. */
  start(again = false): Running {
    const support = import.meta.dirname;
    const entry = readFileSync(join(support, 'entrypoint.sh'), 'utf8');
    const command = ['bash', '-c', entry, 'entrypoint', ...(again ? ['again'] : [])];
    const enter = ['sh', join(support, 'enter.sh'), this.root, this.folder, this.data];
    const child = spawn('unshare', [...namespaces, ...enter, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let told = 0;
    const listeners: ((line: string) => void)[] = [];
    const take = (text: string): void => {
      output += text;
      const lines = logOf(output);
      for (const line of lines.slice(told)) for (const listener of listeners) listener(line);
      told = lines.length;
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output, log: logOf(output) }));
    return { kill: () => killTree(child.pid), onLine: (listener) => void listeners.push(listener), ended };
  }

  run(again = false): Promise<Ended> {
    return this.start(again).ended;
  }

  private textOf(name: string): string | null {
    return existsSync(this.file(name)) ? readFileSync(this.file(name), 'utf8') : null;
  }
}

/** SIGKILL for a process and all that it has started: first itself, so that nobody is left to tell of the others' end. */
function killTree(root: number | undefined): void {
  if (root === undefined) return;
  for (const number of [root, ...descendantsOf(root)]) {
    try {
      process.kill(number, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

function descendantsOf(parent: number): readonly number[] {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ');
  return children.flatMap((text) => (text === '' ? [] : [Number(text), ...descendantsOf(Number(text))]));
}

/** Whole lines after the mark. */
function logOf(output: string): readonly string[] {
  const at = output.indexOf(mark);
  return at < 0
    ? []
    : output
        .slice(at + mark.length)
        .split('\n')
        .slice(0, -1);
}
