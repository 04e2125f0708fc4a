/** What a request is refused with: a status and a sentence for the client. Never a path of this machine. */

export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

export function badRequest(message: string): HttpError {
  return new HttpError(400, message);
}

/** For a client that may come again. */
export function busy(message: string): HttpError {
  return new HttpError(503, message, { 'retry-after': '1' });
}

export function tooLarge(message: string): HttpError {
  return new HttpError(413, message);
}
