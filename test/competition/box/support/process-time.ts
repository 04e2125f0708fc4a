/** The time that a process of the box has spent computing, read from outside. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended meanwhile.
    return '';
  }
}

/** The process whose command line has this text, and that was started by the box; null where there is none. */
export function processWith(text: string): number | null {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = numbers.find((number) => {
    const words = textOf(`/proc/${number}/cmdline`).split('\0');
    // Not the shell that has the words in its script, and not Python.
    return words[0]?.endsWith('/node') === true && words.some((word) => word.endsWith(text));
  });
  return found === undefined ? null : Number(found);
}

/** Seconds of CPU of all its threads so far. */
export function cpuSeconds(number: number): number {
  const text = textOf(`/proc/${number}/stat`);
  // The name stands in parentheses and may hold blanks.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
