/**
 * The index of a MIRAX slide: where in which file each image is. OpenSlide follows its pointers; a cut or damaged index is found
 * here before, and so is a list of pages that never ends. All numbers are 32 bits, little endian.
 *
 *   "01.02", the id of the slide, the pointer to the levels, the pointer to everything else
 *   levels:     a pointer for each level
 *   level:      0, the pointer to its first page
 *   page:       the number of images, the pointer to the next page or 0, then for each image: place, offset, length, file
 */
import { Turns } from '../../core/turns.js';
import { incomplete, openOfSlide, type FilePart, type SlideFileSystem } from './file-part.js';
import { notDescribed } from './ini.js';
import type { MiraxFacts } from './mirax.js';
import { BeyondPart, WindowedPart } from './windowed-part.js';

const kVersion = '01.02';
const kWord = 4;
const kImageBytes = 4 * kWord;
/** Larger than any index that was seen: 16 million images. */
const kMaxRead = 2 ** 28;
/** Images that are looked at in one piece. */
const kImagesAtOnce = 4096;

/** Throws SLIDE_INCOMPLETE (the index, or a file of pixels, is cut short or of another slide), NOT_A_SLIDE. */
export async function checkMiraxIndex(
  slide: string,
  facts: MiraxFacts,
  fs: SlideFileSystem,
  signal: AbortSignal | null,
): Promise<void> {
  const handle = await openOfSlide(facts.index.path, slide, fs);
  try {
    const { size } = await handle.stat();
    await new IndexWalk(slide, facts, new WindowedPart(handle, size, kMaxRead, signal), new Turns(signal)).run();
  } catch (error) {
    if (error instanceof BeyondPart)
      throw incomplete(slide, `its index ${facts.index.path} is cut short: ${error.message}`);
    throw error;
  } finally {
    await handle.close();
  }
}

class IndexWalk {
  private readonly seen = new Set<number>();

  constructor(
    private readonly slide: string,
    private readonly facts: MiraxFacts,
    private readonly file: WindowedPart,
    private readonly turns: Turns,
  ) {}

  async run(): Promise<void> {
    const { slideId, index, levels } = this.facts;
    const version = (await this.file.bytes(0, kVersion.length)).toString('latin1');
    if (version !== kVersion) {
      throw notDescribed(index.path, `it begins with ${JSON.stringify(version)}, "${kVersion}" was expected`);
    }
    const id = Buffer.from(slideId);
    const root = kVersion.length + id.length;
    if (!(await this.file.bytes(kVersion.length, id.length)).equals(id)) {
      throw incomplete(this.slide, `its index ${index.path} is of another slide`);
    }
    await this.file.bytes(root, 2 * kWord);
    const list = await this.word(root);
    for (let level = 0; level < levels; ++level) await this.level(await this.word(list + level * kWord));
  }

  private async level(at: number): Promise<void> {
    if ((await this.word(at)) !== 0) throw this.damaged('a level does not begin with 0');
    for (let page = await this.word(at + kWord); page !== 0; page = await this.page(page)) {
      if (this.seen.has(page)) throw this.damaged('a page of a level comes twice');
      this.seen.add(page);
    }
  }

  /** The pointer to the next page. */
  private async page(at: number): Promise<number> {
    const images = await this.word(at);
    const next = await this.word(at + kWord);
    for (let first = 0; first < images; first += kImagesAtOnce) {
      const count = Math.min(kImagesAtOnce, images - first);
      this.checkImages(await this.file.bytes(at + 2 * kWord + first * kImageBytes, count * kImageBytes));
      if (this.turns.isOver) await this.turns.next();
    }
    return next;
  }

  private checkImages(records: Buffer): void {
    for (let at = 0; at < records.length; at += kImageBytes) {
      const offset = records.readInt32LE(at + kWord);
      const length = records.readInt32LE(at + 2 * kWord);
      const number = records.readInt32LE(at + 3 * kWord);
      if (records.readInt32LE(at) < 0 || offset < 0 || length < 0) throw this.damaged('a number below 0');
      const file: FilePart | undefined = this.facts.data[number];
      if (file === undefined) throw this.damaged(`an image in file ${number}, there are ${this.facts.data.length}`);
      if (offset + length > file.size) {
        const found = `${file.path} has ${file.size} bytes, and its images need ${offset + length}`;
        throw incomplete(this.slide, found);
      }
    }
  }

  private async word(at: number): Promise<number> {
    const value = (await this.file.bytes(at, kWord)).readInt32LE(0);
    if (value < 0) throw this.damaged(`a pointer of ${value}`);
    return value;
  }

  private damaged(found: string): Error {
    return notDescribed(this.facts.index.path, `it is damaged: ${found}`);
  }
}
