/** The command line is wrong. `command` names the help that would have told. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(
    message: string,
    readonly command: string | null = null,
  ) {
    super(message);
  }
}
