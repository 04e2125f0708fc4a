/** What contenders need, installed when the first of them is about to start: a row that needs nothing installs nothing. */
import { buildNative } from './native.js';
import { installNpm } from './npm.js';
import { installPython, type Environment } from './python.js';

/** `npm`: sharp. `native`: the contenders in C++. Else a Python environment. */
export type Need = 'npm' | 'native' | Environment;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

let tryAgain = false;
const begun = new Map<Need, Promise<void>>();

/** Tries again what could not be installed in an earlier run. Call it before the first row. */
export function reinstall(): void {
  tryAgain = true;
}

function install(need: Need): Promise<void> {
  if (need === 'npm') return installNpm(say);
  if (need !== 'native') return installPython(need, say, tryAgain);
  say('native contenders');
  return buildNative();
}

/**
 * Installs each need once in a run. Throws where sharp, or the contenders in C++, cannot be had. A Python package that cannot be had
 * is an error of the contender that starts with it.
 */
export async function ready(needs: readonly Need[]): Promise<void> {
  for (const need of needs) {
    const known = begun.get(need) ?? install(need);
    begun.set(need, known);
    await known;
  }
}
