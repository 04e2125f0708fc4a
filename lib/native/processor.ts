import { cpus } from 'node:os';

/** Of the processor, for people. */
export function processorName(): string {
  const name = cpus()[0]?.model.trim() ?? '';
  return name === '' ? 'CPU' : name;
}
