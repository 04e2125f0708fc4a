/** microtome info: what the file of a slide says about it. */
import { shownPath } from '../../core/remote-address.js';
import type { CommandSpec, ParsedArgs } from '../args.js';
import { exitCode } from '../exit-codes.js';
import type { CliIo, CliSlide } from '../io.js';
import { flagSpecs, flagValues, nested, optionsIn } from '../table-flags.js';
import { bytes, printable, table } from '../text.js';
import { onePositional } from '../positionals.js';

const rows = optionsIn('open');

export const infoSpec: CommandSpec = {
  name: 'info',
  positionals: '<slide>',
  summary: 'Show levels, resolution, other images (label, macro photograph) and warnings of a slide.',
  options: { json: { kind: 'flag', help: 'print one line of JSON' }, ...flagSpecs(rows) },
};

export async function info(args: ParsedArgs, io: CliIo): Promise<number> {
  const given = onePositional(args, infoSpec, 'a slide');
  // What is behind the question mark of an address may be a secret.
  const path = shownPath(given);
  const slide = await io.library.openSlide(given, nested(flagValues(args, rows, infoSpec.name)));
  try {
    io.stdout.write(args.flag('json') ? `${JSON.stringify({ path, ...factsOf(slide) })}\n` : textOf(path, slide));
  } finally {
    await slide.close();
  }
  return exitCode.ok;
}

function factsOf(slide: CliSlide): object {
  const { width, height, levels, mpp, associated, orientation, fileBytes, driver, properties, warnings } = slide;
  return { width, height, levels, mpp, associated, orientation, fileBytes, driver, properties, warnings };
}

function textOf(path: string, slide: CliSlide): string {
  const { mpp } = slide;
  const trust = mpp === null || mpp.trusted ? '' : ', not trusted';
  const facts = [
    ['slide', printable(path)],
    ['file', bytes(slide.fileBytes)],
    ['driver', `${printable(slide.driver.name)}: ${printable(slide.driver.why)}`],
    ['size', `${slide.width} x ${slide.height} px`],
    ['mpp', mpp === null ? 'unknown' : `${mpp.x} x ${mpp.y} um/px (from ${printable(mpp.source)}${trust})`],
    ['orientation', slide.orientation === 1 ? '1' : `${slide.orientation} (TIFF tag, not applied)`],
  ];
  const levels = slide.levels.map((level) => [
    `level ${level.index}`,
    `${level.width} x ${level.height} px`,
    `1/${Number(level.downsample.toFixed(3))}`,
    `${level.tiled ? 'tiles' : 'strips'} of ${level.tileWidth} x ${level.tileHeight}`,
    printable(`${level.compression}, ${level.photometric}`),
  ]);
  const associated = slide.associated.map((image) => [
    'associated',
    printable(image.name),
    `${image.width} x ${image.height} px`,
  ]);
  const warnings = slide.warnings.map((warning) => ['warning', printable(warning)]);
  return [facts, levels, associated, warnings].map(table).join('');
}
