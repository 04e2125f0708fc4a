/** microtome doctor: what works here, what does not, what was tried and what to do about it. */
import { cpus } from 'node:os';
import { optionTable } from '../../index.js';
import type {
  CodecReport,
  Device,
  DoctorReport,
  LibraryReport,
  OpenslideSearch,
  RuntimeSearch,
  Search,
} from '../../index.js';
import { toolVersion } from '../../core/version.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { gpuRows } from '../gpu-rows.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { noPositional } from '../positionals.js';
import { flagSpecs, flagValues, nested } from '../table-flags.js';
import { bytes, printable, table } from '../text.js';

const rows = optionTable.filter((row) => ['onnxRuntimePath', 'openslidePath', 'gpu.libraries'].includes(row.name));

export const doctorSpec: CommandSpec = {
  name: 'doctor',
  positionals: '',
  summary: 'Show what works on this machine, and what to install: platform, libraries, codecs, devices.',
  options: { json: { kind: 'flag', help: 'print one line of JSON' }, ...flagSpecs(rows) },
  notes: ['The exit code is 2 when slides cannot be scored on this machine.'],
};

const kInstall = {
  jpeg: 'install microtome again: its libturbojpeg.so.0 belongs beside the addon',
  vips: 'install microtome again, without --omit=optional',
  onnxRuntime: 'install microtome again: its libonnxruntime.so.1 belongs beside the addon',
} as const;

/** Whose ONNX Runtime it is, for people. */
const kOrigin: Readonly<Record<RuntimeSearch['origin'], string>> = {
  option: 'the one that --onnx-runtime-path names',
  environment: 'the one that MICROTOME_ONNXRUNTIME names',
  bundled: 'the one that comes with microtome, under the MIT License',
  installed: 'the one of an installed onnxruntime-node',
};

function runtimeInstall({ origin }: RuntimeSearch): string {
  if (origin === 'option') return 'correct --onnx-runtime-path, or leave it out';
  return origin === 'environment' ? 'correct MICROTOME_ONNXRUNTIME, or unset it' : kInstall.onnxRuntime;
}

export async function doctor(args: ParsedArgs, io: CliIo): Promise<number> {
  noPositional(args, doctorSpec);
  const [report, devices] = await Promise.all([
    io.library.doctor(nested(flagValues(args, rows, doctorSpec.name))),
    io.library.devices(),
  ]);
  const facts = {
    microtome: toolVersion,
    node: process.version,
    napi: process.versions['napi'] ?? '',
    works: works(report),
  };
  if (args.flag('json')) io.stdout.write(`${JSON.stringify({ ...facts, devices, ...report })}\n`);
  else io.stdout.write(textOf(facts, report, devices));
  return facts.works ? exitCode.ok : exitCode.usage;
}

/** JPEG slides can be scored: addon, JPEG decoder and runtime are there. Other codecs are a matter of the slide. */
function works(report: DoctorReport): boolean {
  const { libraries } = report;
  return report.platformFault === '' && libraries !== null && libraries.jpeg.loaded && libraries.onnxRuntime.loaded;
}

function textOf(
  facts: { readonly microtome: string; readonly node: string; readonly napi: string; readonly works: boolean },
  report: DoctorReport,
  devices: readonly Device[],
): string {
  const { platform, libraries, searches } = report;
  const rows: string[][] = [
    ['microtome', facts.microtome],
    ['node', `${facts.node}, Node-API ${facts.napi}`],
    ['platform', `${platform.os} ${platform.arch}, ${platform.libc}`],
  ];
  if (report.platformFault !== '') rows.push(['', `${report.platformFault}: use Linux x64 with glibc 2.28 or newer`]);
  rows.push(['addon', report.addon.path === '' ? 'not found' : report.addon.path]);
  for (const line of report.addon.error.split('\n')) if (line !== '') rows.push(['', line]);
  rows.push(...libraryRows('libjpeg-turbo', libraries?.jpeg, searches.jpeg, kInstall.jpeg));
  rows.push(...libraryRows('libvips', libraries?.vips, searches.vips, kInstall.vips));
  rows.push(
    ...libraryRows('ONNX Runtime', libraries?.onnxRuntime, searches.onnxRuntime, runtimeInstall(searches.onnxRuntime)),
  );
  if (libraries !== null) {
    if (libraries.onnxRuntime.loaded) {
      rows.push(['', kOrigin[searches.onnxRuntime.origin]]);
      rows.push([
        '',
        `API ${libraries.onnxRuntime.api}; providers: ${libraries.onnxRuntime.providers.join(', ') || 'none'}`,
      ]);
    }
    rows.push(...openslideRows(libraries.openslide, searches.openslide));
    rows.push(...libraries.codecs.map((codec, i) => [i === 0 ? 'codecs' : '', codecText(codec)]));
    rows.push(['SIMD', libraries.simd]);
  }
  rows.push(['processor', `${cpus()[0]?.model.trim() ?? 'unknown'}, ${libraries?.cores ?? cpus().length} cores`]);
  if (report.gpu !== null) rows.push(...gpuRows(report.gpu).map((row) => [...row]));
  for (const device of devices) rows.push(['device', `${device.id}: ${device.name}, ${bytes(device.memoryBytes)}`]);
  rows.push(['licences', report.notices]);
  rows.push([
    'result',
    facts.works ? 'slides can be scored on this machine' : 'slides cannot be scored on this machine',
  ]);
  return table(rows.map((row) => row.map(printable)));
}

const kOpenslideOrigin: Readonly<Record<OpenslideSearch['origin'], string>> = {
  option: 'the one that --openslide-path names',
  environment: 'the one that MICROTOME_OPENSLIDE names',
  python: 'the one of openslide-bin, a package of Python',
  system: 'the one of the system',
};

/** Only slides that are no TIFF need it, so its absence is no fault. */
function openslideRows(report: LibraryReport, search: OpenslideSearch): string[][] {
  if (report.loaded) {
    const shared = report.isPrivate ? '' : ' (shared with the process)';
    const whose = report.path === search.path ? [['', kOpenslideOrigin[search.origin]]] : [];
    return [['OpenSlide', `${report.version}${shared}`], ['', report.path], ...whose];
  }
  if (search.path !== '')
    return [
      ['OpenSlide', `found but not used: ${search.path}`],
      ['', report.error],
    ];
  const wanted = search.tried.join();
  if (search.origin === 'option' || search.origin === 'environment')
    return [['OpenSlide', `not at ${wanted}, which is ${kOpenslideOrigin[search.origin]}`]];
  return [['OpenSlide', 'not installed: only TIFF slides are read; for others: pip install openslide-bin']];
}

/** `deflate: libdeflate 1.14, built in`; `zstd: missing: …`. */
function codecText({ name, library, version, builtIn }: CodecReport): string {
  if (library === '') return `${name}: missing: neither this binary nor a library here has it; such slides are refused`;
  return `${name}: ${library}${version === '' ? '' : ` ${version}`}${builtIn ? ', built in' : ''}`;
}

function libraryRows(name: string, report: LibraryReport | undefined, search: Search, install: string): string[][] {
  if (report?.loaded === true) {
    return [
      [name, `${report.version}${report.isPrivate ? '' : ' (shared with the process)'}`],
      ['', report.path],
    ];
  }
  const lines = [[name, search.path === '' ? 'not installed' : `found but not loaded: ${search.path}`]];
  if (report !== undefined && report.error !== '') lines.push(['', report.error]);
  lines.push(['', `to repair it: ${install}`]);
  if (search.path === '') lines.push(...search.tried.map((place) => ['', `looked in ${place}`]));
  return lines;
}
