/** npm ci in bench/, when its packages are not as locked. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchDir } from '../paths.js';
import { runQuietly } from './run.js';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>;
}

function upToDate(): boolean {
  const installedPath = join(benchDir, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return false;
  const wanted = (JSON.parse(readFileSync(join(benchDir, 'package-lock.json'), 'utf8')) as Lock).packages;
  const installed = (JSON.parse(readFileSync(installedPath, 'utf8')) as Lock).packages;
  return Object.entries(wanted).every(
    // Optional ones are for other platforms; those of this one are pinned by their parents.
    ([path, entry]) => path === '' || entry.optional === true || installed[path]?.version === entry.version,
  );
}

export async function installNpm(say: (text: string) => void): Promise<void> {
  if (upToDate()) return;
  say('npm ci in bench/');
  await runQuietly('npm', ['ci', '--no-audit', '--no-fund'], benchDir);
}
