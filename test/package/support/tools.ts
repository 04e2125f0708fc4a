// Programs that scripts/steps/package-tools.mjs has installed: other versions of Node.js, package managers, bundlers.
import { join } from 'node:path';

interface Tools {
  readonly folder: string;
  /** Full versions of Node.js by major. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly registry: string;
}

function tools(): Tools {
  const text = process.env['MICROTOME_PACKAGE_TOOLS'];
  if (text === undefined) throw new Error('MICROTOME_PACKAGE_TOOLS is not set: run npm run test:package');
  return JSON.parse(text) as Tools;
}

/** A file of an installed tool. */
export const toolFile = (path: string): string => join(tools().folder, 'node_modules', path);

/** Majors and full versions. */
export const nodeVersions = (): readonly (readonly [string, string])[] => Object.entries(tools().nodes);
export const nodeProgram = (major: string): string => toolFile(`node${major}/bin/node`);

export const registry = (): string => tools().registry;
