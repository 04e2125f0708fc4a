// Libraries that some native tests can be run with beside those of package.json: the oldest ONNX Runtime that is
// supported, and a provider plug-in. Each is fetched by its registry's own client, checked by hash, and kept in the cache.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './paths.mjs';
import { wheelFiles } from './python-tool.mjs';
import { run, step } from './run.mjs';

const oldest = {
  name: 'onnxruntime-node',
  version: '1.14.0',
  sha256: 'aca88b04a478f9c09e3f9d80294ae315e4e654ca92e60dda0dec805c4a3b84c5',
  file: 'package/bin/napi-v3/linux/x64/libonnxruntime.so.1.14.0',
};

const openvino = 'onnxruntime_ep_openvino';
const plugin = {
  name: 'onnxruntime-ep-openvino',
  version: '1.8.1',
  sha256: '3832643158c8c187fcab6db661cde2a8c06a2b3559d95d0f2411ac0e51c5e924',
  tags: ['--platform=manylinux_2_28_x86_64', '--python-version=3.11'],
  files: [
    'libonnxruntime_providers_openvino_plugin.so',
    'libhwloc.so.15',
    'libopenvino.so.2641',
    'libopenvino_intel_cpu_plugin.so',
    'libopenvino_ir_frontend.so.2641',
    'libopenvino_onnx_frontend.so.2641',
    'libtbb.so.12',
    'libtbbbind_2_5.so.3',
    'libtbbmalloc.so.2',
    'libtbbmalloc_proxy.so.2',
    'cache.json',
  ].map((file) => `${openvino}/${file}`),
};

async function unpackOldest(target) {
  const scratch = await mkdtemp(join(cacheDir, 'npm-'));
  try {
    const args = ['pack', `${oldest.name}@${oldest.version}`, '--silent', '--pack-destination', scratch];
    const { code, output } = await run('npm', args, { quiet: true, allowFailure: true });
    if (code !== 0) return output.trim();
    const archive = join(scratch, `${oldest.name}-${oldest.version}.tgz`);
    const found = createHash('sha256')
      .update(await readFile(archive))
      .digest('hex');
    if (found !== oldest.sha256) return `its SHA-256 is ${found}, ${oldest.sha256} was expected`;
    await run('tar', ['-xzf', archive, '-C', scratch, oldest.file], { quiet: true });
    const whole = join(scratch, 'whole');
    await copyFile(join(scratch, oldest.file), whole);
    await rename(whole, target);
    return null;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * The library of ONNX Runtime 1.14.
 * @returns {Promise<{ file: string } | { missing: string }>} `missing` says why it cannot be had.
 */
export async function oldestRuntime() {
  const target = join(cacheDir, `libonnxruntime.so.${oldest.version}`);
  if (existsSync(target)) return { file: target };
  await mkdir(cacheDir, { recursive: true });
  const missing = await step(`npm pack ${oldest.name} ${oldest.version}`, () => unpackOldest(target));
  return missing === null
    ? { file: target }
    : { missing: `${oldest.name} ${oldest.version} could not be had: ${missing}` };
}

/** OpenVINO's provider as a plug-in, with what it needs for the CPU. The same answers. */
export async function openvinoPlugin() {
  const found = await wheelFiles(plugin);
  if ('missing' in found) return found;
  return { file: join(found.folder, 'libonnxruntime_providers_openvino_plugin.so') };
}
