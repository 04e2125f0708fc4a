/** An error together with the exit code it means, where the command knows better than the table of codes. */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    readonly reason: unknown,
    readonly code: number,
  ) {
    super('a command failed');
  }
}
