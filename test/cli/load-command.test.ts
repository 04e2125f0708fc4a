/** A command whose package is not installed says which one it is. */
import { describe, expect, it } from 'vitest';
import { loadCommand } from '../../lib/cli/load-command.js';

const failing = (message: string) => ({
  name: 'serve',
  load: () => Promise.reject(Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' })),
});

describe('a command', () => {
  it('whose package is missing names it, and what to do', async () => {
    const missing = failing("Cannot find package 'prom-client' imported from /a/metrics.js");
    await expect(loadCommand(missing)).rejects.toThrow(
      'microtome serve needs a package that is not there: npm install prom-client@15',
    );
  });

  it('that cannot be loaded for another reason fails as it does', async () => {
    const other = failing("Cannot find package 'something' imported from /a/metrics.js");
    await expect(loadCommand(other)).rejects.toThrow("package 'something'");
  });
});
