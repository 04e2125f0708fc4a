// A folder in which the pages' code runs: the built package in node_modules, the files that the pages speak of, and a server
// that answers range requests in the place of https://example.org.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodePng } from '../../../lib/core/png.js';
import { hdf5File } from '../../images/hdf5-writer.js';
import { tokenModel, wideModel } from '../../support/models/small-graphs.js';
import { writeSlide } from '../../support/slides.js';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const modelSidePx = 224;
const exampleHost = 'https://example.org';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Says in the file of a generated slide that it has 0.25 microns per pixel, as a scanner's file would. */
function setResolution(path: string): void {
  const file = readFileSync(path);
  const resolutionTags = [282, 283];
  for (let at = file.readUInt32LE(4); at !== 0; at = file.readUInt32LE(at + 2 + 12 * file.readUInt16LE(at))) {
    for (let i = 0; i < file.readUInt16LE(at); i++) {
      const entry = at + 2 + 12 * i;
      if (resolutionTags.includes(file.readUInt16LE(entry))) file.writeUInt32LE(40_000, file.readUInt32LE(entry + 8));
    }
  }
  writeFileSync(path, file);
}

/** Three images that are drawn, as files and in one file as ISIC 2024 has them, and its two tables. */
async function writeLesions(folder: string): Promise<void> {
  mkdirSync(join(folder, 'lesions'));
  const names = ['ISIC_0000001', 'ISIC_0000002', 'ISIC_0000003'];
  const images: { name: string; content: Uint8Array }[] = [];
  for (const [i, name] of names.entries()) {
    const sidePx = 100 + 20 * i;
    const data = Uint8Array.from({ length: 3 * sidePx * sidePx }, (_, k) => 255 - ((k * (i + 1)) % 90));
    const content = await encodePng({ data, width: sidePx, height: sidePx, channels: 3 });
    writeFileSync(join(folder, 'lesions', `${name}.png`), content);
    images.push({ name, content });
  }
  writeFileSync(join(folder, 'test-image.hdf5'), hdf5File(images));
  const rows = (cells: readonly string[]): string => names.map((name, i) => `${name},${cells[i]}\n`).join('');
  writeFileSync(join(folder, 'sample_submission.csv'), `isic_id,target\n${rows(['0.3', '0.3', '0.3'])}`);
  const licenses = rows(['60,CC-BY', ',CC-BY-NC', '45,CC-0']);
  writeFileSync(join(folder, 'test-metadata.csv'), `isic_id,age_approx,copyright_license\n${licenses}`);
}

/** What the pages assume to be there; docs/guide/README.md lists it. */
async function writeData(folder: string): Promise<void> {
  const write = (name: string, text: string | Uint8Array): void => writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'slides'), { recursive: true });
  await writeSlide(join(folder, 'slide.tif'), { width: 3072, height: 2304, seed: 5, relapse: true, tissueShare: 0.2 });
  setResolution(join(folder, 'slide.tif'));
  for (const name of ['one.tif', 'two.tif']) linkSync(join(folder, 'slide.tif'), join(folder, 'slides', name));
  write('submission_format.csv', 'filename,relapse\none.tif,0.5\ntwo.tif,0.5\n');
  const metadata = ['filename,age,sex,body_site,melanoma_history,resolution'];
  for (const name of ['one.tif', 'two.tif']) metadata.push(`${name},[62:64[,1,trunk,NO,0.25`);
  write('test_metadata.csv', `${metadata.join('\n')}\n`);
  write('classifier.onnx', wideModel(2, modelSidePx, 'logits'));
  write('features.onnx', wideModel(384, modelSidePx));
  await writeLesions(folder);
  write('vit-tokens.onnx', tokenModel({ side: modelSidePx, patch: 16, width: 32, leading: 5 }));
  mkdirSync(join(folder, 'my-bundle'));
  for (const name of ['microtome.json', 'model.onnx'])
    copyFileSync(join(root, 'models/demo', name), join(folder, 'my-bundle', name));
  const ring = [
    [200, 200],
    [2800, 200],
    [2800, 2100],
    [200, 2100],
    [200, 200],
  ];
  write('tissue.geojson', JSON.stringify({ type: 'Polygon', coordinates: [ring] }));
}

/** Byte ranges of the files of a folder. */
function rangeServer(folder: string): Server {
  return createServer((request, response) => {
    const path = join(folder, decodeURIComponent(new URL(request.url ?? '/', exampleHost).pathname));
    if (!existsSync(path)) return void response.writeHead(404).end();
    const content = readFileSync(path);
    const [first = 0, last = content.length - 1] = (/^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [])
      .slice(1)
      .map(Number);
    const part = content.subarray(first, last + 1);
    const isRange = request.headers.range !== undefined;
    const range = `bytes ${first}-${first + part.length - 1}/${content.length}`;
    const etag = `"${createHash('sha256').update(content).digest('hex')}"`;
    const own = { 'content-length': part.length, etag, ...(isRange ? { 'content-range': range } : {}) };
    response.writeHead(isRange ? 206 : 200, own);
    response.end(request.method === 'HEAD' ? undefined : part);
  });
}

export class Workshop {
  readonly #dir: string;
  readonly #server: Server;

  private constructor(dir: string, server: Server) {
    this.#dir = dir;
    this.#server = server;
  }

  static async create(): Promise<Workshop> {
    if (!existsSync(join(root, 'dist/index.js'))) throw new Error('dist/ is missing: npm run build');
    const dir = mkdtempSync(join(tmpdir(), 'microtome-docs-'));
    for (const name of ['bin', 'data', 'pages', 'node_modules']) mkdirSync(join(dir, name));
    symlinkSync(root, join(dir, 'node_modules/microtome'));
    symlinkSync(join(root, 'node_modules/@types'), join(dir, 'node_modules/@types'));
    writeFileSync(join(dir, 'package.json'), '{ "private": true, "type": "module" }\n');
    const program = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'dist/cli/main.js')}' "$@"\n`;
    writeFileSync(join(dir, 'bin/microtome'), program);
    // npx would do the same after a second of its own.
    writeFileSync(join(dir, 'bin/npx'), '#!/bin/sh\n[ "$1" = microtome ] || exit 90\nshift\nexec microtome "$@"\n');
    for (const name of ['microtome', 'npx']) chmodSync(join(dir, 'bin', name), 0o755);
    await writeData(join(dir, 'data'));
    const server = rangeServer(join(dir, 'data'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Workshop(dir, server);
  }

  /** The folder of a page, with the data in it. */
  page(name: string): string {
    const folder = join(this.#dir, 'pages', name);
    if (existsSync(folder)) return folder;
    const data = join(this.#dir, 'data');
    for (const entry of readdirSync(data, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const from = join(entry.parentPath, entry.name);
      const to = join(folder, from.slice(data.length));
      mkdirSync(dirname(to), { recursive: true });
      linkSync(from, to);
    }
    return folder;
  }

  /** Writes code, with the address of the server in the place of the example's. */
  write(page: string, file: string, code: string): void {
    const { port } = this.#server.address() as AddressInfo;
    const path = join(this.page(page), file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code.replaceAll(exampleHost, `http://127.0.0.1:${port}`));
  }

  /** Type-checks every .ts file of the pages, as strictly as can be, and compiles it beside itself. Returns what is wrong. */
  compile(): string {
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      module: 'nodenext',
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: true,
    };
    writeFileSync(join(this.#dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['pages'] }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    try {
      execFileSync(process.execPath, [tsc, '-p', this.#dir], { cwd: this.#dir, encoding: 'utf8' });
      return '';
    } catch (error) {
      return String((error as { readonly stdout?: unknown }).stdout ?? error);
    }
  }

  run(page: string, program: string, args: readonly string[]): Promise<Ended> {
    const path = [join(this.#dir, 'bin'), dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
    const options = { cwd: this.page(page), env: { ...process.env, PATH: path } };
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (text: Buffer) => {
        stdout += text.toString();
      });
      child.stderr.on('data', (text: Buffer) => {
        stderr += text.toString();
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
    });
  }

  async remove(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
