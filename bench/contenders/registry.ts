/** Every contender by name: what it is, and how its process is started for a workload. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { argumentsOf, type Workload } from '../harness/protocol.js';
import type { Command } from '../harness/session.js';
import { benchDir, compiledDir, jpegLibrary, nativeDir, onnxRuntimeLibrary, vipsFolder } from '../paths.js';
import { pythonProgram, sitePackages, type Environment } from '../install/python.js';
import type { Need } from '../install/ready.js';

export interface ContenderSpec {
  readonly title: string;
  readonly needs: readonly Need[];
  /** Throws an Error with the reason when what it needs is not installed. */
  command(workload: Workload): Command;
}

/** `more`: what the contender is told beside the workload. */
function typescript(
  title: string,
  file: string,
  { needs = [], more = () => ({}) }: { readonly needs?: readonly Need[]; readonly more?: () => Partial<Workload> } = {},
): ContenderSpec {
  const script = join(compiledDir, 'contenders', `${file}.js`);
  const args = (workload: Workload) => [script, ...argumentsOf({ ...workload, ...more() })];
  return { title, needs, command: (workload) => ({ program: process.execPath, args: args(workload) }) };
}

function native(
  title: string,
  program: string,
  extra: () => Readonly<Record<string, string>>,
  needs: readonly Need[] = [],
): ContenderSpec {
  return {
    title,
    needs: ['native', ...needs],
    command: (workload) => {
      const path = join(nativeDir, program);
      if (!existsSync(path)) throw new Error(`${program} was not built`);
      const more = Object.entries(extra()).map(([name, value]) => `--${name}=${value}`);
      return { program: path, args: [...argumentsOf(workload), ...more] };
    },
  };
}

/** `script`: the file, and what it is told first. `packages` are what it imports; each must have been installed. */
function python(title: string, script: string, environment: Environment, packages: readonly string[]): ContenderSpec {
  const [file = '', ...first] = script.split(' ');
  return {
    title,
    needs: [environment],
    command: (workload) => ({
      program: pythonProgram(environment, packages),
      args: [join(benchDir, 'python', file), ...first, ...argumentsOf(workload)],
      // Their numeric libraries start a thread for each core; a reader is measured on one, unless the row says more.
      env: { OMP_NUM_THREADS: String(workload.threads), PYTHONDONTWRITEBYTECODE: '1' },
    }),
  };
}

function libraryIn(folder: string, name: RegExp): string {
  const file = existsSync(folder) ? readdirSync(folder).find((f) => name.test(f)) : undefined;
  if (file === undefined) throw new Error(`no library ${name.source} in ${folder}`);
  return join(folder, file);
}

const openslideLibrary = (): string =>
  libraryIn(join(sitePackages('readers', ['openslide-bin']), 'openslide_bin'), /^libopenslide\.so/);

export const contenders = {
  'ours-pixels': typescript('microtome, slide.tiles', 'ours-pixels'),
  'ours-tensors': typescript('microtome, slide.tensors', 'ours-tensors'),
  'ours-embed': typescript('microtome, embedSlide', 'ours-embed'),
  'ours-one-pass': typescript('microtome, three encoders in one pass', 'ours-one-pass'),
  'ours-scores': typescript('microtome, createScorer', 'ours-scores'),
  'ours-images': typescript('microtome, createImageScorer', 'ours-images'),
  'sharp-naive': typescript('sharp + onnxruntime-node, naive', 'sharp-naive', { needs: ['npm'] }),
  'sharp-tuned': typescript('sharp + onnxruntime-node, tuned', 'sharp-tuned', { needs: ['npm'] }),
  'bare-jpeg': native('bare libjpeg-turbo', 'bare_jpeg', () => ({ library: jpegLibrary })),
  'vips-region': native('libvips, kept region', 'vips_region', () => ({
    library: libraryIn(vipsFolder, /^libvips-cpp\.so/),
  })),
  'ours-openslide': typescript('microtome, slide.tiles by OpenSlide', 'ours-pixels', {
    needs: ['readers'],
    more: () => ({ openslide: openslideLibrary() }),
  }),
  openslide: native('OpenSlide 4', 'openslide_region', () => ({ library: openslideLibrary() }), ['readers']),
  'stage-decode': native('our decoder alone', 'stage_decode', () => ({})),
  'stage-normalise': native('our normalisation alone', 'stage_normalise', () => ({})),
  'stage-infer': native('inference alone', 'stage_infer', () => ({ runtime: onnxRuntimeLibrary })),
  'stage-image': native('decoding and resizing of images alone', 'stage_image', () => ({ library: jpegLibrary })),
  'image-reads': native('images read from their places', 'image_reads', () => ({})),
  cucim: python('cuCIM, CPU', 'tile_reader.py cucim', 'readers', ['cucim-cu12']),
  'openslide-python': python('openslide-python', 'tile_reader.py openslide', 'readers', ['openslide-python']),
  tiffslide: python('tiffslide', 'tile_reader.py tiffslide', 'readers', ['tiffslide']),
  fastslide: python('fastslide', 'tile_reader.py fastslide', 'readers', ['fastslide']),
  slide2vec: python('slide2vec', 'slide2vec_runner.py', 'slide2vec', ['slide2vec', 'torch', 'timm']),
  wsinfer: python('WSInfer', 'wsinfer_runner.py', 'wsinfer', ['wsinfer', 'torch', 'onnx']),
} as const satisfies Record<string, ContenderSpec>;

export type ContenderName = keyof typeof contenders;
