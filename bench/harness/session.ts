/** A running contender, seen from the driver: one process, requests answered one at a time. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Farewell, Hello, Pass, Verification } from './protocol.js';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A contender that hangs is a failure, not a wait. One pass takes seconds; installing compiled caches may take minutes. */
const REPLY_TIMEOUT_MS = 15 * 60_000;
const STDERR_KEPT = 2000;

/** A contender said that it cannot run here, or died. */
export class ContenderError extends Error {}

export class Session {
  readonly name: string;
  version = '';
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;
  private readonly reader: Interface;
  private stderr = '';

  private constructor(name: string, command: Command) {
    this.name = name;
    this.child = spawn(command.program, command.args, { env: { ...process.env, ...command.env } });
    this.child.stderr.on('data', (text: Buffer) => {
      this.stderr = (this.stderr + text.toString()).slice(-STDERR_KEPT);
    });
    // A child that dies early closes its stdin; the reply that never comes says so.
    this.child.stdin.on('error', () => undefined);
    this.reader = createInterface({ input: this.child.stdout });
    this.lines = this.reader[Symbol.asyncIterator]();
  }

  /** Starts the process and waits for its first line. */
  static async start(name: string, command: Command): Promise<Session> {
    const session = new Session(name, command);
    const failed = once(session.child, 'error').then(([error]) => {
      throw new ContenderError(`${name}: ${(error as Error).message}`);
    });
    failed.catch(() => undefined);
    const hello = (await Promise.race([session.reply(), failed])) as Hello;
    if (!hello.ready) {
      session.kill();
      throw new ContenderError(hello.reason ?? 'it gave no reason');
    }
    session.version = hello.version ?? '';
    return session;
  }

  verify = (): Promise<Verification> => this.ask('verify') as Promise<Verification>;
  run = (): Promise<Pass> => this.ask('run') as Promise<Pass>;

  async end(): Promise<Farewell> {
    const farewell = (await this.ask('end')) as Farewell;
    this.child.stdin.end();
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return farewell;
  }

  kill(): void {
    this.reader.close();
    this.child.kill('SIGKILL');
  }

  private ask(word: string): Promise<unknown> {
    this.child.stdin.write(`${word}\n`);
    return this.reply();
  }

  private async reply(): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new ContenderError(`${this.name} gave no answer`)), REPLY_TIMEOUT_MS);
    });
    try {
      for (;;) {
        const { value, done } = await Promise.race([this.lines.next(), late]);
        if (done === true) throw new ContenderError(`${this.name} ended: ${this.stderr.trim() || 'it said nothing'}`);
        // Libraries may print to stdout; only our lines are JSON objects.
        if (String(value).startsWith('{')) return JSON.parse(String(value));
      }
    } catch (error) {
      this.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
