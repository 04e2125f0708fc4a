/** microtome region: a region of one level, as PNG or as raw bytes. */
import { shownPath } from '../../core/remote-address.js';
import { pathOf } from '../../core/file-url.js';
import { MicrotomeError, type RegionOptions } from '../../index.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo, CliSlide } from '../io.js';
import { encodePng } from '../../core/png.js';
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
  notes: [
    'Tiles that the file leaves out are white. So are pixels outside the level, which are counted on stderr.',
    'A region that lies wholly outside the level is an error.',
  ],
};

export async function region(args: ParsedArgs, io: CliIo): Promise<number> {
  const path = onePositional(args, regionSpec, 'a slide');
  const out = pathOf(args.required('out'));
  const kind = /\.(png|raw)$/i.exec(out)?.[1]?.toLowerCase();
  if (kind === undefined)
    throw new UsageError(
      `--out is ${JSON.stringify(shownPath(out))}, expected a name that ends in .png or .raw`,
      'region',
    );
  for (const name of ['width', 'height']) args.required(name);
  const wanted = { ...corner, ...nested(flagValues(args, regionRows, regionSpec.name)) } as RegionOptions;
  if (!args.flag('overwrite') && (await isThere(out))) {
    const advice = 'choose another name, or pass --overwrite';
    throw new MicrotomeError('OUTPUT_EXISTS', 'csv', `${out} is there already`, { path: out, advice });
  }
  const slide = await io.library.openSlide(path, nested(flagValues(args, openRows, regionSpec.name)));
  try {
    const pixels = await slide.readRegion(wanted);
    const content = kind === 'png' ? await encodePng(pixels) : pixels.data;
    await writeFileWhole(out, content);
    const { width, height, badTiles, missingTiles, outsidePx } = pixels;
    report(args, io, { out, width, height, badTiles, missingTiles, outsidePx }, placeOfLevel(slide, wanted.level));
  } finally {
    await slide.close();
  }
  return exitCode.ok;
}

/** "level 1 (512 x 384 pixels)". */
function placeOfLevel(slide: Pick<CliSlide, 'levels'>, index: number): string {
  const level = slide.levels[index];
  return level === undefined ? `level ${index}` : `level ${index} (${level.width} x ${level.height} pixels)`;
}

interface Written {
  readonly out: string;
  readonly width: number;
  readonly height: number;
  readonly badTiles: number;
  readonly missingTiles: number;
  readonly outsidePx: number;
}

function report(args: ParsedArgs, io: CliIo, written: Written, level: string): void {
  if (args.flag('json')) {
    io.stdout.write(`${JSON.stringify(written)}\n`);
    return;
  }
  const { out, width, height, badTiles, outsidePx } = written;
  const tell = (what: string): void => void io.stderr.write(`${printable(out)}: ${what}\n`);
  if (badTiles > 0) tell(`${badTiles} tiles are damaged or missing and read as white`);
  if (outsidePx > 0) tell(`${outsidePx} of ${width * height} pixels lie outside ${level} and are white`);
}
