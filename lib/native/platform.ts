/** Which machine this is, before a binary is opened that it could not run. */

import { readFileSync } from 'node:fs';

import { MicrotomeError } from '../core/errors.js';

/** The machine, as far as a binary must fit it. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
  /** `glibc 2.36`, or what was found instead. */
  readonly libc: string;
}

const oldestGlibc = [2, 28] as const;

const banner = 'GNU C Library';

/** The C library that this process runs on, found in its memory map: asking Node for a report takes 10 ms. */
function libcOf(): string {
  try {
    const files = readFileSync('/proc/self/maps', 'latin1')
      .split('\n')
      .map((line) => line.slice(line.indexOf('/')));
    const file = files.find((f) => f.endsWith('/libc.so.6') || /\/libc-[\d.]+\.so$/.test(f));
    if (file === undefined) return files.some((f) => f.includes('musl')) ? 'musl' : 'unknown';
    const bytes = readFileSync(file);
    const at = bytes.indexOf(banner);
    const version = at === -1 ? undefined : / version (\d+\.\d+)/.exec(bytes.toString('latin1', at, at + 200))?.[1];
    return version === undefined ? 'unknown' : `glibc ${version}`;
  } catch {
    return 'unknown';
  }
}

export function platform(): Platform {
  return { os: process.platform, arch: process.arch, libc: process.platform === 'linux' ? libcOf() : 'none' };
}

/** Why this platform cannot run the addon, or null. An unknown C library is tried. */
export function platformFault(found: Platform): string | null {
  const name = `${found.os} ${found.arch}${found.libc === 'none' ? '' : ` (${found.libc})`}`;
  if (found.os !== 'linux' || found.arch !== 'x64') return `this is ${name}`;
  if (found.libc === 'unknown') return null;
  const [, major, minor] = /^glibc (\d+)\.(\d+)$/.exec(found.libc) ?? [];
  if (major === undefined) return `this is ${name}`;
  const isOld = Number(major) < oldestGlibc[0] || (Number(major) === oldestGlibc[0] && Number(minor) < oldestGlibc[1]);
  return isOld ? `this is ${name}` : null;
}

/** Throws UNSUPPORTED_PLATFORM naming what was found. */
export function requirePlatform(found: Platform): void {
  const fault = platformFault(found);
  if (fault !== null)
    throw new MicrotomeError(
      'UNSUPPORTED_PLATFORM',
      'options',
      `${fault}, but the addon is built for Linux x64 with glibc 2.28 or newer`,
    );
}
