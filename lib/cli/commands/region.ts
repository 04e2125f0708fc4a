/** microtome region: a region of one level, as PNG or as raw bytes. */
import { pathOf } from '../../core/file-url.js';
import { MicrotomeError, type RegionOptions } from '../../index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { encodePng } from '../png.js';
import { onePositional } from '../positionals.js';
import { flagSpecs, flagValues, nested, optionsIn } from '../table-flags.js';
import { printable } from '../text.js';
import { UsageError } from '../usage-error.js';
import { isThere, writeFileWhole } from '../write-file.js';

const regionRows = optionsIn('region');
const openRows = optionsIn('open');
/** The upper left corner of the slide. */
const corner = { level: 0, x: 0, y: 0 };

export const regionSpec: CommandSpec = {
  name: 'region',
  positionals: '<slide>',
  summary: 'Write a region of a slide as PNG, or as raw bytes (RGB, 8 bits, row by row).',
  options: {
    out: { kind: 'text', value: 'F.png|F.raw', help: 'the file to write (required)' },
    overwrite: { kind: 'flag', help: 'replace the file' },
    json: { kind: 'flag', help: 'print what was written, as one line of JSON' },
    ...flagSpecs(regionRows),
    level: { kind: 'integer', heading: 'Pixels', help: 'level of the pyramid (default: 0)' },
    x: { kind: 'integer', heading: 'Pixels', help: "left edge, in the level's pixels (default: 0)" },
    y: { kind: 'integer', heading: 'Pixels', help: "upper edge, in the level's pixels (default: 0)" },
    ...flagSpecs(openRows),
  },
  notes: ['Pixels outside the image, and tiles that the file leaves out, are white.'],
};

export async function region(args: ParsedArgs, io: CliIo): Promise<number> {
  const path = onePositional(args, regionSpec, 'a slide');
  const out = pathOf(args.required('out'));
  const kind = /\.(png|raw)$/i.exec(out)?.[1]?.toLowerCase();
  if (kind === undefined)
    throw new UsageError(`--out is ${JSON.stringify(out)}, expected a name that ends in .png or .raw`, 'region');
  for (const name of ['width', 'height']) args.required(name);
  const wanted = { ...corner, ...nested(flagValues(args, regionRows, regionSpec.name)) } as RegionOptions;
  if (!args.flag('overwrite') && (await isThere(out))) {
    const advice = 'choose another name, or pass --overwrite';
    throw new MicrotomeError('OUTPUT_EXISTS', 'csv', `${out} is there already`, { path: out, advice });
  }
  const slide = await io.library.openSlide(path, nested(flagValues(args, openRows, regionSpec.name)));
  try {
    const pixels = await slide.readRegion(wanted);
    const content = kind === 'png' ? await encodePng(pixels.data, pixels.width, pixels.height) : pixels.data;
    await writeFileWhole(out, content);
    report(args, io, { out, width: pixels.width, height: pixels.height, badTiles: pixels.badTiles });
  } finally {
    await slide.close();
  }
  return exitCode.ok;
}

function report(
  args: ParsedArgs,
  io: CliIo,
  written: { readonly out: string; readonly width: number; readonly height: number; readonly badTiles: number },
): void {
  if (args.flag('json')) io.stdout.write(`${JSON.stringify(written)}\n`);
  else if (written.badTiles > 0) {
    io.stderr.write(`${printable(written.out)}: ${written.badTiles} tiles are damaged or missing and read as white\n`);
  }
}
