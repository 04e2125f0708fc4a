/** microtome region: pixels of one level, as PNG or as they are. */
import { MicrotomeError } from '../../core/errors.js';
import { writeWhole } from '../../runs/durable.js';
import { isThere } from '../../runs/output-files.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { encodePng } from '../png.js';
import { onePositional } from '../positionals.js';
import { printable } from '../text.js';
import { UsageError } from '../usage-error.js';

export const regionSpec: CommandSpec = {
  name: 'region',
  positionals: '<slide>',
  summary: 'writes pixels of one level of a slide as PNG, or raw (RGB, 8 bits, row by row)',
  options: {
    level: { kind: 'integer', help: 'level of the pyramid (0)' },
    x: { kind: 'integer', help: "left edge, in the level's pixels (0)" },
    y: { kind: 'integer', help: "upper edge, in the level's pixels (0)" },
    width: { kind: 'integer', help: 'in pixels' },
    height: { kind: 'integer', help: 'in pixels' },
    out: { kind: 'text', value: 'F.png|F.raw', help: 'the file to write' },
    'bad-tiles': {
      kind: 'text',
      choices: ['error', 'fill'],
      help: 'tiles that cannot be decoded: refuse, or white (error)',
    },
    overwrite: { kind: 'flag', help: 'replace the file' },
    json: { kind: 'flag', help: 'say what was written, as one line of JSON' },
  },
  notes: ['Pixels outside the image, and tiles that the file leaves out, are white.'],
};

export async function region(args: ParsedArgs, io: CliIo): Promise<number> {
  const path = onePositional(args, regionSpec, 'a slide');
  const out = args.required('out');
  const kind = /\.(png|raw)$/i.exec(out)?.[1]?.toLowerCase();
  if (kind === undefined)
    throw new UsageError(`--out is ${JSON.stringify(out)}, expected a name that ends in .png or .raw`, 'region');
  const wanted = {
    level: args.number('level') ?? 0,
    x: args.number('x') ?? 0,
    y: args.number('y') ?? 0,
    width: args.requiredNumber('width'),
    height: args.requiredNumber('height'),
    onBadTile: args.text('bad-tiles') === 'fill' ? ('fill' as const) : ('error' as const),
  };
  if (!args.flag('overwrite') && (await isThere(out))) {
    const advice = 'choose another name, or pass --overwrite';
    throw new MicrotomeError('OUTPUT_EXISTS', 'csv', `${out} is there already`, { path: out, advice });
  }
  const slide = await io.library.openSlide(path);
  try {
    const pixels = await slide.readRegion(wanted);
    const content = kind === 'png' ? await encodePng(pixels.data, pixels.width, pixels.height) : pixels.data;
    await writeWhole(out, content);
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
