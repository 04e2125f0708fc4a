/**
 * Who a process is, so that a lock left by a dead one is told from a lock of a living one. A process number is used
 * again after a while and means nothing in another container: the start time, the boot and the process namespace settle
 * it. Linux only; elsewhere nothing is known and locks are judged by their sign of life.
 */
import { readFile, readlink } from 'node:fs/promises';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, from /proc; empty where unknown. */
  readonly startTicks: string;
  readonly bootId: string;
  readonly pidNamespace: string;
}

export async function thisProcess(): Promise<ProcessIdentity> {
  const [startTicks, bootId, pidNamespace] = await Promise.all([
    startTicksOf(process.pid),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return { pid: process.pid, startTicks: startTicks ?? '', bootId: bootId.trim(), pidNamespace };
}

/** 'alive' and 'dead' are certain; 'unknown' is a process of another machine, boot or container. */
export async function stateOf(other: ProcessIdentity, self: ProcessIdentity): Promise<'alive' | 'dead' | 'unknown'> {
  const comparable = self.bootId !== '' && other.bootId === self.bootId && other.pidNamespace === self.pidNamespace;
  if (!comparable) return 'unknown';
  const startTicks = await startTicksOf(other.pid);
  return startTicks !== null && startTicks === other.startTicks ? 'alive' : 'dead';
}

/** Null when there is no such process, or only its unreaped remains. */
async function startTicksOf(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0] ?? '';
    if (state === 'Z' || state === 'X') return null;
    return fields[19] ?? null;
  } catch {
    return null;
  }
}
