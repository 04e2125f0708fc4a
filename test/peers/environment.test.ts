/** The programs that results are compared with are those of test/peers/requirements.txt, and no others. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { runPython } from '../support/python.js';

interface Package {
  readonly name: string;
  readonly version: string;
}

it('has the listed packages in the listed versions', async () => {
  const text = await readFile(resolve(import.meta.dirname, 'requirements.txt'), 'utf8');
  const listed = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const found = await runPython<Package>('environment.py', []);
  const installed = found.filter(({ name }) => name !== 'pip' && name !== 'setuptools');
  expect(installed.map(({ name, version }) => `${name}==${version}`).sort()).toEqual([...listed].sort());
});
