// Runs a program with its output on ours (or collected), and turns a failure into one error that names the command.
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { root } from './paths.mjs';

export class CommandError extends Error {
  constructor(command, code, output) {
    super(`${command} ended with ${code}`);
    this.code = code;
    this.output = output;
  }
}

/** An end that was foreseen: its message is all that is shown. */
export class HelpPage extends Error {
  isHelpPage = true;
  exitCode = 2;
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, quiet?: boolean, allowFailure?: boolean, everyMs?: number,
 *   say?: (line: string) => void }} [options]
 *   quiet: collect the output and show it only when the command fails; every 20 s say what it does.
 * @returns {Promise<{ code: number, signal: string | null, output: string }>} signal: what ended it, where a signal did
 */
export function run(program, args, options = {}) {
  const { cwd = root, env = {}, quiet = false, allowFailure = false, everyMs = 20_000, say = sayLine } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    });
    let output = '';
    const startMs = performance.now();
    const alive = () => say(aliveLine(program, args, output, performance.now() - startMs));
    const timer = quiet ? setInterval(alive, everyMs) : undefined;
    child.stdout?.on('data', (text) => (output += text));
    child.stderr?.on('data', (text) => (output += text));
    child.on('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
    child.on('close', (exitCode, signal) => {
      clearInterval(timer);
      const code = exitCode ?? (signal === null ? 1 : 128);
      if (code === 0 || allowFailure) return resolve({ code, signal, output });
      if (quiet) process.stderr.write(output);
      reject(new CommandError([program, ...args].join(' '), signal ?? code, output));
    });
  });
}

function sayLine(line) {
  process.stdout.write(`${line}\n`);
}

/** That a quiet program still runs, and what it wrote last: a compiler may take minutes. */
function aliveLine(program, args, output, elapsedMs) {
  const last = output.trimEnd().split('\n').at(-1)?.trim() ?? '';
  const doing = last === '' ? [basename(program), ...args.map((arg) => basename(arg))].join(' ') : last;
  return `  ${(elapsedMs / 1000).toFixed(0)} s: ${doing.slice(0, 100)}`;
}

/** Output of a command, or null when it cannot be started or fails. */
export async function outputOf(program, args) {
  try {
    const { code, output } = await run(program, args, {
      quiet: true,
      allowFailure: true,
    });
    return code === 0 ? output.trim() : null;
  } catch {
    return null;
  }
}

/** Prints the name of a step and how long it took. */
export async function step(name, body) {
  const start = performance.now();
  process.stdout.write(`· ${name}\n`);
  const result = await body();
  process.stdout.write(`  ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  return result;
}

/** Ends the script: a known failure is one line, an unknown one a stack. */
export function main(body) {
  body().catch((error) => {
    const known = error instanceof CommandError || error?.isHelpPage === true;
    process.stderr.write(`${known ? error.message : (error?.stack ?? error)}\n`);
    process.exitCode = error?.exitCode ?? 1;
  });
}
