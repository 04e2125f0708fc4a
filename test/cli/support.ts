/** Runs the command line in this process, with streams that collect and a library that needs no addon. */
import { embedDirectory, evaluateSubmission, mergeShards } from '../../lib/index.js';
import type { CliIo, CliLibrary, CliSlide, OutputStream } from '../../lib/cli/io.js';
import { runCli } from '../../lib/cli/run.js';
import { MicrotomeError } from '../../lib/core/errors.js';
import type { DoctorReport } from '../../lib/native/doctor.js';
import { startRun, type RunDependencies } from '../../lib/runs/directory-run.js';
import { startImageRun } from '../../lib/runs/images/image-run.js';
import { sourceOf } from '../../lib/runs/score-directory.js';
import { fakeImageScorer, type FakeImageScorer, type FakeImageSettings } from '../images/support.js';
import { fakeModel, fakeScorer, type FakeScorer, type FakeScorerSettings } from '../runs/support.js';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly scorers: readonly FakeScorer[];
  readonly imageScorers: readonly FakeImageScorer[];
}

export interface CliSettings {
  readonly scorer?: FakeScorerSettings;
  readonly images?: FakeImageSettings;
  readonly library?: Partial<CliLibrary>;
  readonly signal?: AbortSignal;
  /** Variables of the environment; not there: none is set. */
  readonly env?: Readonly<Record<string, string>>;
  readonly tty?: { readonly columns: number };
  readonly stdoutClosed?: () => boolean;
  /** Called with each piece written to stdout. */
  readonly onStdout?: (text: string) => void;
}

function collector(
  into: string[],
  settings: { tty?: { readonly columns: number } | undefined; on?: ((text: string) => void) | undefined },
): OutputStream {
  return {
    isTTY: settings.tty !== undefined,
    columns: settings.tty?.columns,
    write(text) {
      into.push(text);
      settings.on?.(text);
    },
  };
}

export async function cli(argv: readonly string[], settings: CliSettings = {}): Promise<CliResult> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const scorers: FakeScorer[] = [];
  const imageScorers: FakeImageScorer[] = [];
  const parts: Omit<CliLibrary, 'scoreDirectory'> = {
    scoreImages: (images, options) => {
      const scorer = fakeImageScorer(settings.images);
      imageScorers.push(scorer);
      return startImageRun(images, options, { createScorer: async () => scorer, versions: async () => ({}) });
    },
    scoreShard: () => {
      throw new Error('no shard is scored here');
    },
    scoreImageShard: () => {
      throw new Error('no shard is scored here');
    },
    mergeShards,
    async createScorer() {
      const scorer = fakeScorer(settings.scorer);
      scorers.push(scorer);
      return scorer;
    },
    embedDirectory,
    openSlide: async () => fakeSlide(),
    loadModel: async () => fakeModel(settings.scorer),
    createBundle: async () => fakeModel(settings.scorer),
    checkModel: async () => {
      throw new Error('no model is checked here');
    },
    evaluateSubmission,
    doctor: async () => healthy,
    devices: async () => [{ id: 'cpu', kind: 'cpu', name: 'A processor', cores: 2, memoryBytes: 2 ** 34 }],
    packSubmission: async () => {
      throw new Error('nothing is packed here');
    },
    ...settings.library,
  };
  const createScorer = parts.createScorer as RunDependencies['createScorer'];
  const library: CliLibrary = {
    scoreDirectory: (slides, options) => startRun(sourceOf(slides), options, { createScorer }),
    ...parts,
  };
  const io: CliIo = {
    stdout: collector(stdout, { on: settings.onStdout }),
    stderr: collector(stderr, { tty: settings.tty }),
    signal: settings.signal ?? new AbortController().signal,
    stdoutClosed: settings.stdoutClosed ?? (() => false),
    library,
    env: settings.env ?? {},
    writesFile: false,
    finishesOnSignal: false,
  };
  const code = await runCli(argv, io);
  return { code, stdout: stdout.join(''), stderr: stderr.join(''), scorers, imageScorers };
}

export function fakeSlide(change: Partial<CliSlide> = {}): CliSlide & { closed: boolean } {
  const slide = {
    closed: false,
    width: 2220,
    height: 2967,
    levels: [
      {
        index: 0,
        width: 2220,
        height: 2967,
        downsample: 1,
        tileWidth: 240,
        tileHeight: 240,
        compression: 'jpeg' as const,
        photometric: 'rgb' as const,
        tiled: true,
      },
    ],
    mpp: { x: 0.499, y: 0.499, source: 'aperio' as const, trusted: true },
    associated: [{ name: 'thumb\u001b[31mnail', width: 574, height: 768 }],
    orientation: 1,
    driver: { name: 'aperio', why: 'the description begins with "Aperio"' },
    properties: {},
    fileBytes: 1_938_955,
    warnings: ['a\nforged line'],
    async readRegion(r: { width: number; height: number; onBadTile?: 'error' | 'fill' }) {
      if (r.onBadTile !== 'fill' && r.width === 13)
        throw new MicrotomeError('CORRUPT_TILE', 'decode', 'level 0, column 1, row 2');
      const data = new Uint8Array(r.width * r.height * 3).map((_, i) => i % 251);
      return {
        data,
        width: r.width,
        height: r.height,
        channels: 3 as const,
        badTiles: r.width === 13 ? 1 : 0,
        missingTiles: 0,
        outsidePx: r.width === 11 ? 4 : 0,
      };
    },
    async close() {
      slide.closed = true;
    },
    ...change,
  };
  return slide;
}

export const healthy: DoctorReport = {
  platform: { os: 'linux', arch: 'x64', libc: 'glibc 2.36' },
  platformFault: '',
  addon: { path: '/package/microtome.node', error: '' },
  searches: {
    jpeg: { path: '/package/libturbojpeg.so.0', tried: [] },
    vips: { path: '/vips/libvips-cpp.so', tried: [] },
    onnxRuntime: { path: '/ort/libonnxruntime.so.1', tried: [], origin: 'bundled' },
    openslide: { path: '', tried: ['/usr/lib64'], origin: 'system' },
  },
  notices: '/package/THIRD-PARTY-NOTICES.md',
  gpu: {
    driverCuda: '',
    driver: { path: 'libcuda.so.1', cudaVersion: 0, gpus: [], reason: 'no driver of NVIDIA is here' },
    reason: 'no driver of NVIDIA is here',
    places: [],
    stacks: [],
    providers: { cuda: 'none', tensorrt: 'none' },
    nvjpeg: '',
  },
  libraries: {
    jpeg: { loaded: true, path: '/package/libturbojpeg.so.0', version: '3.1.2', error: '', isPrivate: true },
    vips: { loaded: true, path: '/vips/libvips-cpp.so', version: '8.18.7', error: '', isPrivate: true },
    onnxRuntime: {
      loaded: true,
      path: '/ort/libonnxruntime.so.1',
      version: '1.30.0',
      error: '',
      isPrivate: true,
      api: 30,
      providers: ['CPUExecutionProvider'],
    },
    openslide: { loaded: false, path: '', version: '', error: 'OpenSlide is not there', isPrivate: false },
    codecs: [
      { name: 'none', library: 'microtome', version: '', builtIn: true },
      { name: 'jpeg', library: 'libjpeg-turbo', version: '3.1.2', builtIn: false },
      { name: 'deflate', library: 'libdeflate', version: '1.14', builtIn: true },
      { name: 'lzw', library: 'libvips', version: '8.18.7', builtIn: false },
      { name: 'zstd', library: '', version: '', builtIn: false },
    ],
    simd: 'avx2',
    cores: 2,
  },
};
