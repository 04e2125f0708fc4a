// The object store of the tests: Versity's S3 gateway (Apache-2.0), built from its Go module once, into a folder of the cache
// that checkouts share: MICROTOME_STORAGE_CACHE, by default ~/.cache/microtome/storage.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { outputOf, run, step } from './run.mjs';

const module = 'github.com/versity/versitygw';
const version = 'v1.8.0';
const sum = 'h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc=';

const cacheFolder = () => process.env['MICROTOME_STORAGE_CACHE'] || join(homedir(), '.cache', 'microtome', 'storage');

/** What `go version -m` says that the program was built from. */
async function isFrom(program) {
  const said = await outputOf('go', ['version', '-m', program]);
  return (said ?? '').includes(`${module}\t${version}\t${sum}`);
}

async function build(program) {
  const scratch = await mkdtemp(join(cacheFolder(), 'build-'));
  try {
    const env = { GOBIN: scratch, GOFLAGS: '-trimpath', CGO_ENABLED: '0' };
    await run('go', ['install', `${module}/cmd/versitygw@${version}`], { env, quiet: true });
    if (!(await isFrom(join(scratch, 'versitygw'))))
      throw new Error(`${module} ${version} does not have the hash ${sum}`);
    await rename(join(scratch, 'versitygw'), program);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Its path; null: it is not there and Go is not either. */
export async function objectStore() {
  const program = join(cacheFolder(), `versitygw-${version}`);
  if (existsSync(program)) return program;
  if ((await outputOf('go', ['version'])) === null) return null;
  await mkdir(cacheFolder(), { recursive: true });
  await step(`object store (${module} ${version})`, () => build(program));
  return program;
}
