import type { Readable } from 'node:stream';

/** Calls `act` with each whole line of a stream of UTF-8 text, as it comes. What follows the last line end is no line. */
export function eachLine(stream: Readable, act: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) act(line);
  });
}
