/** An error together with the exit code it means, and how it calls options, where the command knows better. */
import type { OptionNaming } from '../index.js';

export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    readonly reason: unknown,
    readonly code: number,
    readonly naming: OptionNaming,
  ) {
    super('a command failed');
  }
}
