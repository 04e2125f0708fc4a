/** npm install in bench/, when a package is not there in the version that bench/package.json pins. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchDir } from '../paths.js';
import { runQuietly } from './run.js';

function versionIn(path: string): string | null {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version : null;
}

export async function installNpm(say: (text: string) => void): Promise<void> {
  const { dependencies } = JSON.parse(readFileSync(join(benchDir, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const installed = Object.entries(dependencies).every(
    ([name, version]) => versionIn(join(benchDir, 'node_modules', name, 'package.json')) === version,
  );
  if (installed) return;
  say('npm install in bench/');
  await runQuietly('npm', ['install', '--no-audit', '--no-fund'], benchDir);
}
