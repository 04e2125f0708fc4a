/** Real slides, bad files and models that live outside the repository. Tests that need them are skipped where absent. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const given = process.env['MICROTOME_TEST_DATA'];
const usual = resolve(import.meta.dirname, '../../../shared/data');

/** The folder, or null. Named by MICROTOME_TEST_DATA; by default beside the repository. */
export const dataDir: string | null = given ? resolve(given) : existsSync(usual) ? usual : null;

export const slideFile = (name: string): string => join(dataDir ?? '', 'slides', name);
export const modelFile = (name: string): string => join(dataDir ?? '', 'models', name);
