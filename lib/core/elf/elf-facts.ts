/** What a binary needs of the machine: the libraries by name, and the versions of their symbols. */
import { printable } from '../printable.js';
import { number64, withBinary, type BinaryFile } from './binary-file.js';
import { ElfLayout, textAt } from './layout.js';

/** A version of symbols that a library must have, such as GLIBC_2.28 of libc.so.6. */
export interface VersionNeed {
  readonly library: string;
  readonly version: string;
  /** The program also runs where the library does not have it. */
  readonly weak: boolean;
}

/** What the loader reads of a binary. */
export interface ElfFacts {
  /** The number that ELF gives to the processor; 62 is x86-64. */
  readonly machine: number;
  /** The loader that a program names; null: none, as in most libraries. */
  readonly interpreter: string | null;
  /** The name under which other binaries ask for this one. */
  readonly soname: string | null;
  /** The libraries that the loader opens with it. */
  readonly needed: readonly string[];
  readonly versionNeeds: readonly VersionNeed[];
  /** The versions of symbols that it offers. */
  readonly versions: readonly string[];
}

const tag = {
  needed: 1,
  strings: 5,
  soname: 14,
  versionNeeds: 0x6ffffffe,
  versions: 0x6ffffffc,
} as const;

const dynamicEntryBytes = 16;
const maxDynamicBytes = 2 ** 20;
const maxTextBytes = 4096;
/** Libraries with very many versions have some hundred. */
const maxVersions = 4096;
const weakFlag = 2;

/** The facts of an ELF file; null for a file of another kind. `name` is what messages call the file. */
export async function readElfFacts(path: string, name: string): Promise<ElfFacts | null> {
  return withBinary(path, name, async (file) => {
    const layout = await ElfLayout.read(file);
    return layout === null ? null : new FactsReader(file, layout).read();
  });
}

class FactsReader {
  private readonly entries = new Map<number, number[]>();

  constructor(
    private readonly file: BinaryFile,
    private readonly layout: ElfLayout,
  ) {}

  async read(): Promise<ElfFacts> {
    await this.readDynamic();
    const [sonameAt] = this.entries.get(tag.soname) ?? [];
    const needed: string[] = [];
    for (const at of this.entries.get(tag.needed) ?? []) needed.push(await this.text(at));
    return {
      machine: this.layout.machine,
      interpreter: await this.interpreter(),
      soname: sonameAt === undefined ? null : await this.text(sonameAt),
      needed,
      versionNeeds: await this.versionNeeds(),
      versions: await this.versions(),
    };
  }

  private async interpreter(): Promise<string | null> {
    const path = await this.layout.interpreter();
    return path === null ? null : printable(path);
  }

  /** The table that the loader reads. A program that is linked statically has none. */
  private async readDynamic(): Promise<void> {
    const { dynamic } = this.layout;
    if (dynamic === undefined) return;
    if (dynamic.bytes > maxDynamicBytes) throw this.file.damaged('its dynamic table is too long');
    const table = await this.file.bytes(dynamic.offset, dynamic.bytes, 'its dynamic table');
    for (let at = 0; at + dynamicEntryBytes <= table.length; at += dynamicEntryBytes) {
      const key = number64(table, at);
      if (key === 0) break;
      const values = this.entries.get(key);
      if (values === undefined) this.entries.set(key, [number64(table, at + 8)]);
      else values.push(number64(table, at + 8));
    }
  }

  private one(key: number): number | undefined {
    return this.entries.get(key)?.[0];
  }

  private async text(at: number): Promise<string> {
    const strings = this.one(tag.strings);
    if (strings === undefined) throw this.file.damaged('it has names, but no table of names');
    const offset = this.layout.offsetOf(strings, 'its table of names') + at;
    const bytes = await this.file.bytesUpTo(offset, maxTextBytes, 'a name');
    const found = textAt(bytes, 0);
    if (found === '') throw this.file.damaged('a name is empty, or has no end');
    return printable(found);
  }

  /** One list for each library, which points to a list of its versions. */
  private async versionNeeds(): Promise<readonly VersionNeed[]> {
    const needs: VersionNeed[] = [];
    await this.walk(tag.versionNeeds, 16, async (head, at) => {
      const library = await this.text(head.readUInt32LE(4));
      for (let entry = at + head.readUInt32LE(8), next = -1; next !== 0; entry += next) {
        const bytes = await this.file.bytes(entry, 16, 'a version that it needs');
        const weak = (bytes.readUInt16LE(4) & weakFlag) !== 0;
        needs.push({ library, version: await this.text(bytes.readUInt32LE(8)), weak });
        if (needs.length > maxVersions) throw this.file.damaged('it needs too many versions');
        next = bytes.readUInt32LE(12);
      }
      return head.readUInt32LE(12);
    });
    return needs;
  }

  private async versions(): Promise<readonly string[]> {
    const versions: string[] = [];
    await this.walk(tag.versions, 20, async (head, at) => {
      const name = await this.file.bytes(at + head.readUInt32LE(12), 8, 'a version that it has');
      versions.push(await this.text(name.readUInt32LE(0)));
      return head.readUInt32LE(16);
    });
    return versions;
  }

  /**
   * Goes through a list of heads; `visit` gives the distance to the next one, 0 at the end. The file also says how many there are:
   * the loader does not look at these numbers, and no more do we. The distances lead forward only, so that no list turns in a circle.
   */
  private async walk(
    start: number,
    headBytes: number,
    visit: (head: Buffer, at: number) => Promise<number>,
  ): Promise<void> {
    const address = this.one(start);
    if (address === undefined) return;
    let at = this.layout.offsetOf(address, 'its table of versions');
    for (let heads = 0, next = -1; next !== 0; at += next) {
      if (++heads > maxVersions) throw this.file.damaged('its table of versions is too long');
      next = await visit(await this.file.bytes(at, headBytes, 'its table of versions'), at);
    }
  }
}
