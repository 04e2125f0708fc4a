/** Options of the files that are written for each slide, and of the record of the run. */
import type { OptionRow } from '../row.js';
import * as kind from './kinds.js';

const place = ['files', 'run'] as const;
const heading = 'Files of each slide';

const folder = (name: string, doc: string, details?: string): OptionRow => ({
  name,
  in: place,
  kind: kind.path,
  doc,
  ...(details === undefined ? {} : { details }),
  default: { text: 'none are written' },
  scores: 'no',
  value: 'DIR',
  heading,
});

export const fileRows: readonly OptionRow[] = [
  {
    ...folder(
      'outputFolder',
      'Folder for all files of each slide: the subfolders tiles-csv, geojson, heatmap, attention and mask, and run-record.json.',
      'What the model or the options cannot give (attention, a mask where every tile is kept) is left out. An option for one kind of file names another folder for it. Of a model with several tile inputs, files show the tiles of the first one.',
    ),
    flag: 'outputs',
  },
  folder('tilesCsv', 'Folder for a CSV of each slide: place and outputs of every tile, with the columns of WSInfer.'),
  folder('geojson', 'Folder for a GeoJSON file of each slide: its tiles and their outputs, as QuPath reads them.'),
  folder(
    'heatmap',
    'Folder for a heat map of each slide: a PNG over its thumbnail, a pyramidal TIFF that lies over the slide, and the scale of the colours as JSON.',
    'The colours show the column of the outputs that the score is made from, or the attention of the head where a graph makes the score of all tiles.',
  ),
  folder(
    'attention',
    'Folder for the same pictures of the attention of each tile; only for a model with a tile output called attention.',
  ),
  folder('maskPng', 'Folder for a PNG of each slide: the mask of the tissue that the tiles were chosen by.'),
  {
    name: 'heatmapDownsample',
    in: place,
    kind: { type: 'integer', min: 1, max: 65536, unit: 'pixels' },
    doc: 'Level-0 pixels for each pixel of the largest level of a heat map as TIFF.',
    details: 'With 1 the TIFF has the size of the slide, and takes long to write.',
    default: { text: 'the power of two that draws a tile about 8 to 16 pixels wide' },
    scores: 'no',
    heading,
  },
  {
    name: 'runRecord',
    in: ['files', 'run', 'images'],
    kind: kind.path,
    doc: 'JSON file that says how the run was made: versions, hashes, options, device, times, warnings and what became of each slide (of lesion images: how many, and which failed).',
    details: 'It is written when scoring begins, with the state running, and again at the end.',
    default: { text: 'none is written' },
    scores: 'no',
    value: 'F.json',
    heading,
  },
  {
    name: 'overwrite',
    in: ['files'],
    kind: kind.boolean,
    doc: 'Replace files of the slide that are there.',
    default: false,
    scores: 'no',
    heading,
    flag: null,
  },
];
