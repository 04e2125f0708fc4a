// The real onnxruntime_c_api.h, for the test that compares our table positions with it. A Go module carries the file
// unchanged; it is fetched with the go command, checked by hash, and only the header is kept. The table of ONNX Runtime
// grows at its end alone, so a header of an older version than ours is right in all that it has.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './paths.mjs';
import { outputOf, run, step } from './run.mjs';

const header = 'onnxruntime_c_api.h';
const module = 'github.com/yalue/onnxruntime_go';
const version = 'v1.27.0'; // has the header of ONNX Runtime 1.24
const sum = 'h1:c1YSgDNtpf0WGtxj3YeRIb8VC5LmM1J+Ve3uHdteC1U=';

async function download(folder) {
  const scratch = await mkdtemp(join(cacheDir, 'go-'));
  try {
    // Checked by our own hash: no database of hashes is asked. Read-only folders could not be removed.
    const env = { GOMODCACHE: scratch, GOFLAGS: '-modcacherw', GOSUMDB: 'off', GOTOOLCHAIN: 'local' };
    const args = ['mod', 'download', '-json', `${module}@${version}`];
    const { code, output } = await run('go', args, { cwd: scratch, env, quiet: true, allowFailure: true });
    if (code !== 0) return `${module} ${version} could not be downloaded: ${output.trim()}`;
    const found = JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1));
    if (found.Sum !== sum) return `${module} ${version} has the hash ${found.Sum}, ${sum} was expected`;
    const whole = join(scratch, 'header');
    await mkdir(whole);
    await copyFile(join(found.Dir, header), join(whole, header));
    await rename(whole, folder);
    return null;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Folder that holds the header, downloaded when it is not there yet.
 * @returns {Promise<{ folder: string } | { missing: string }>} `missing` says why it cannot be had.
 */
export async function ortHeader() {
  const folder = join(cacheDir, `onnxruntime-header-${version}`);
  if (existsSync(folder)) return { folder };
  if ((await outputOf('go', ['version'])) === null) return { missing: `no "go" on PATH to download ${header} with` };
  await mkdir(cacheDir, { recursive: true });
  const missing = await step(`go mod download ${module} ${version}`, () => download(folder));
  return missing === null ? { folder } : { missing };
}
