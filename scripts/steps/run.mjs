// Runs a program with its output on ours (or collected), and turns a failure into one error that names the command.
import { spawn } from 'node:child_process';
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
 * @param {{ cwd?: string, env?: Record<string, string>, quiet?: boolean, allowFailure?: boolean }} [options]
 *   quiet: collect the output and show it only when the command fails.
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(program, args, options = {}) {
  const { cwd = root, env = {}, quiet = false, allowFailure = false } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (text) => (output += text));
    child.stderr?.on('data', (text) => (output += text));
    child.on('error', reject);
    child.on('close', (exitCode, signal) => {
      const code = exitCode ?? (signal === null ? 1 : 128);
      if (code === 0 || allowFailure) return resolve({ code, output });
      if (quiet) process.stderr.write(output);
      reject(new CommandError([program, ...args].join(' '), signal ?? code, output));
    });
  });
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
