// Child processes of the package tests: what they printed, what they answered, how they ended.
import { spawn } from 'node:child_process';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the child passed to process.send, in order. */
  readonly answers: readonly unknown[];
}

export interface ChildOptions {
  readonly cwd: string;
  /** The whole environment of the child. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program to its end. A Node child can answer through process.send, which leaves its standard streams alone. */
export function run(program: string, args: readonly string[], options: ChildOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const answers: unknown[] = [];
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
    child.on('message', (answer) => answers.push(answer));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr, answers }));
  });
}

/** The one answer of a child that ended well; throws with all it printed otherwise. */
export function answerOf(ended: Ended): unknown {
  if (ended.code !== 0 || ended.answers.length !== 1) {
    const how = ended.signal ?? `code ${ended.code}`;
    throw new Error(`the child ended with ${how}, ${ended.answers.length} answers\n${ended.stdout}${ended.stderr}`);
  }
  return ended.answers[0];
}
