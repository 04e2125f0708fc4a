/**
 * Programs that a local run starts. Each has a process group of its own, so that what it starts ends with it. What it
 * prints goes into a file, without secret values; its last lines are kept for messages.
 */
import { randomUUID } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { endMarked, markVariable } from './marks.js';
import type { Redactor } from '../redact.js';

export interface Launch {
  /** The program and its arguments. */
  readonly words: readonly string[];
  readonly folder: string;
  /** All variables that it gets. */
  readonly env: Readonly<Record<string, string>>;
  /** The file that its output is added to. */
  readonly log: string;
  readonly redactor: Redactor;
  /** Keep what it prints on stdout, too; more than 4 MiB of it ends the program. */
  readonly capture?: boolean;
}

/** How a program ended. `code` is null where a signal ended it. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it could not be started; null where it was. */
  readonly notStarted: string | null;
}

const mostCaptured = 4 * 2 ** 20;
const mostTail = 4000;
/** A program that is told to end has so long to do so. */
const graceMs = 5000;
/** What holds the streams of a program that has ended, and cannot be found, has them for so long. */
const streamsMs = 2000;

/** `ended with code 3`, `was ended by SIGKILL`. */
export function endText({ code, signal, notStarted }: Ended): string {
  if (notStarted !== null) return `could not be started: ${notStarted}`;
  return code === null ? `was ended by ${signal}` : `ended with code ${code}`;
}

export const endedWell = (ended: Ended): boolean => ended.code === 0 && ended.notStarted === null;

/** One running program. */
export class Program {
  readonly #child: ChildProcess;
  readonly #file: WriteStream;
  readonly #mark: string;
  readonly #flush: (() => void)[] = [];
  #tail = '';
  #captured = '';
  /** Settles when the program, all that it started, and its log are at their end. Never rejects. */
  readonly ended: Promise<Ended>;

  /** `run`: whose program it is. */
  constructor({ words, folder, env, log, redactor, capture = false }: Launch, run: string) {
    this.#mark = `${run}/${randomUUID()}`;
    const [program = '', ...args] = words;
    this.#file = createWriteStream(log, { flags: 'a', mode: 0o600 });
    // A full disk must not end the run: the end of the program says what happened.
    this.#file.on('error', () => {});
    this.#child = spawn(program, args, {
      cwd: folder,
      env: { ...env, [markVariable]: this.#mark },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#follow(this.#child.stdout, redactor, capture);
    this.#follow(this.#child.stderr, redactor, false);
    this.ended = this.#end();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it printed last, on both streams, without secret values. */
  get tail(): string {
    return this.#tail;
  }

  /** What it printed on stdout, where that is kept; secret values are in it. */
  get captured(): string {
    return this.#captured;
  }

  /** Tells the program and all that it started to end, and ends them where they do not. */
  async stop(): Promise<void> {
    this.#signal('SIGTERM');
    const timer = setTimeout(() => this.#signal('SIGKILL'), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  #follow(stream: Readable | null, redactor: Redactor, capture: boolean): void {
    if (stream === null) return;
    const decoder = new StringDecoder('utf8');
    const redacted = redactor.stream();
    stream.on('data', (bytes: Buffer) => {
      const text = decoder.write(bytes);
      if (capture) this.#captured += text;
      if (this.#captured.length > mostCaptured) this.#signal('SIGKILL');
      this.#said(redacted.piece(text));
    });
    let isFlushed = false;
    const flush = (): void => {
      if (!isFlushed) this.#said(redacted.piece(decoder.end()) + redacted.end());
      isFlushed = true;
    };
    this.#flush.push(flush);
    stream.on('end', flush);
    stream.on('error', () => {});
  }

  #said(text: string): void {
    if (text === '') return;
    this.#tail = (this.#tail + text).slice(-mostTail);
    this.#file.write(text);
  }

  #end(): Promise<Ended> {
    return new Promise((resolve) => {
      const finish = async (ended: Ended): Promise<void> => {
        this.#file.end();
        if (!this.#file.closed) await once(this.#file, 'close').catch(() => undefined);
        resolve(ended);
      };
      // Whatever it left running has nobody to work for, and would keep the streams open.
      let others: Promise<void> = Promise.resolve();
      let timer: NodeJS.Timeout | undefined;
      this.#child.once('exit', () => {
        this.#signal('SIGKILL');
        others = endMarked(this.#mark);
        timer = setTimeout(() => this.#letGo(), streamsMs);
      });
      this.#child.once('close', (code, signal) => {
        clearTimeout(timer);
        void others.then(() => finish({ code, signal, notStarted: null }));
      });
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        if (this.#child.pid === undefined)
          void finish({ code: null, signal: null, notStarted: error.code ?? error.message });
      });
    });
  }

  #letGo(): void {
    for (const flush of this.#flush) flush();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  #signal(name: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {
      // Nothing of the group is left.
    }
  }
}

/** The programs of a run, so that all of them end with it. */
export class Programs {
  readonly #running = new Set<Program>();
  readonly #run: string;

  constructor(run: string = randomUUID()) {
    this.#run = run;
  }

  start(launch: Launch): Program {
    const program = new Program(launch, this.#run);
    this.#running.add(program);
    void program.ended.then(() => this.#running.delete(program));
    return program;
  }

  running(): ReadonlySet<Program> {
    return new Set(this.#running);
  }

  /** Ends all of them. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#running].map((program) => program.stop()));
  }
}

/** The last lines of a text, for a message. */
export function lastLines(text: string, most = 8): string {
  return text.trimEnd().split('\n').slice(-most).join('\n');
}
