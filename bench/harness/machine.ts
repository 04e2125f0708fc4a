/** What the figures were taken on: part of every result. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from '../paths.js';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly simd: readonly string[];
  readonly node: string;
  /** Runnable tasks of the last minute when the run began: above 0.3 somebody else was working too. */
  readonly load: number;
}

/** As Linux names them. */
export function cpuFlags(): readonly string[] {
  const found = /^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
  return found?.[1]?.split(' ') ?? [];
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    simd: cpuFlags().filter((flag) => /^(avx2|avx512f|avx512_vnni|avx_vnni|amx_int8|fma)$/.test(flag)),
    node: process.version,
    load: loadavg()[0] ?? 0,
  };
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

/** The commit that was measured; null outside a checkout. */
export function commit(): string | null {
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
  } catch {
    return null;
  }
}

export function packageVersion(path: string): string {
  return (JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as { version: string }).version;
}
