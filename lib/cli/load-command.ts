/** The code of a command. Some commands need a package that the others do not, so it is installed by who uses them. */
import type { Command, LoadedCommand } from './commands.js';
import { UsageError } from './usage-error.js';

/** The major versions that this package is tested with. */
const packages: Readonly<Record<string, string>> = { yaml: 'yaml@2', 'prom-client': 'prom-client@15' };

export async function loadCommand({ name, load }: Pick<Command, 'name' | 'load'>): Promise<LoadedCommand> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === 'ERR_MODULE_NOT_FOUND' ? /package '([^']+)'/.exec(message)?.[1] : undefined;
    const install = missing === undefined ? undefined : packages[missing];
    if (install === undefined) throw error;
    throw new UsageError(`microtome ${name} needs a package that is not there: npm install ${install}`);
  }
}
