// Scores slides of a folder over HTTP. When a client goes away before its answer, the work for it is cancelled.
// node http-server.ts slides/ 8080    then: curl 'http://127.0.0.1:8080/score?slide=NAME'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { createScorer, MicrotomeError, type ErrorCode } from 'microtome';

const [folder = 'slides', port = '0'] = process.argv.slice(2);

const statusOf: Partial<Record<ErrorCode, number>> = {
  INVALID_OPTION: 400,
  FILE_NOT_FOUND: 404,
  NOT_A_SLIDE: 415,
  CANCELLED: 503,
};

// One scorer for all requests: the model is loaded once, and slides wait for their turn inside.
const scorer = await createScorer({ model: 'demo' });

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  // Only the last part of the name is used, so that a client cannot leave the folder.
  const name = basename(url.searchParams.get('slide') ?? '');
  if (url.pathname !== '/score' || name === '') return answer(response, 404, { error: 'ask for /score?slide=NAME' });

  const stop = new AbortController();
  response.once('close', () => stop.abort()); // also after a complete answer, where it does nothing
  try {
    const { score, tileCount } = await scorer.score(join(folder, name), { signal: stop.signal });
    answer(response, 200, { score, tiles: tileCount });
  } catch (error) {
    if (stop.signal.aborted) return console.log(`cancelled ${name}`);
    const code = error instanceof MicrotomeError ? error.code : 'INTERNAL';
    // The message names paths of this machine: it is for the log, and the code is for the client.
    console.error(error instanceof Error ? error.message : error);
    answer(response, statusOf[code] ?? 500, { error: code });
  }
}

const server = createServer((request, response) => void handle(request, response));
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/score?slide=NAME`);
});

process.once('SIGTERM', async () => {
  server.close();
  await scorer.close(); // what is still running ends with CANCELLED, and its client gets 503
});
