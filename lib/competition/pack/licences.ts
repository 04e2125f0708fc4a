/** The folder of licences: whoever gets the zip finds all of them in one place. */
import { fileAt } from './files.js';
import type { PackedFile } from './packed-file.js';

const folder = 'microtome/licences';

/** `found`: name in the folder, and the file. `model`: what the card of the bundle says. */
export function licenceFiles(found: ReadonlyMap<string, string>, model: string): readonly PackedFile[] {
  const files = [...found].map(([name, path]) => fileAt('licences', `${folder}/${name}`, path));
  return [...files, { part: 'licences', name: `${folder}/model.txt`, content: { text: model } }];
}
