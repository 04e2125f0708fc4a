/**
 * Serves one file in ranges, each answer so many milliseconds after its question, as a store at some distance would.
 *   range-server.js <file> <delay in ms>
 * Writes its port as a line, and for each line that it reads the number of requests and of bytes so far.
 */
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

const [path, delay] = process.argv.slice(2) as [string, string];
const file = await open(path);
const { size } = await file.stat();
const sent = { requests: 0, bytes: 0 };

const server = createServer((request, response) => {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  if (first === undefined) {
    response.writeHead(400).end();
    return;
  }
  const [from, to] = [Number(first), Math.min(Number(last), size - 1)];
  const bytes = new Uint8Array(to - from + 1);
  const read = file.read(bytes, 0, bytes.length, from);
  setTimeout(async () => {
    await read;
    sent.requests += 1;
    sent.bytes += bytes.length;
    response.writeHead(206, {
      etag: '"1"',
      'content-range': `bytes ${from}-${to}/${size}`,
      'content-length': bytes.length,
    });
    response.end(bytes);
  }, Number(delay));
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
createInterface({ input: process.stdin })
  .on('line', () => process.stdout.write(`${JSON.stringify(sent)}\n`))
  .on('close', () => process.exit(0));
