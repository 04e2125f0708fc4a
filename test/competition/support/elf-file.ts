/** Makes ELF files, and device code in them, byte by byte: what the linker and CUDA's compiler would write. */

export interface ElfParts {
  readonly machine?: number;
  readonly soname?: string;
  readonly needed?: readonly string[];
  /** Versions that it needs of each library; a version that begins with `?` is a weak need. */
  readonly needs?: Readonly<Record<string, readonly string[]>>;
  readonly versions?: readonly string[];
  readonly sections?: Readonly<Record<string, Uint8Array>>;
  /** Machine code where a program begins. */
  readonly code?: Uint8Array;
  /** The loader that a program names. */
  readonly interpreter?: string;
}

const headerBytes = 64;
const segmentBytes = 56;

/** Texts, each once, and where each begins. */
class Texts {
  bytes = Buffer.from([0]);

  at(text: string): number {
    const at = this.bytes.length;
    this.bytes = Buffer.concat([this.bytes, Buffer.from(`${text}\0`, 'latin1')]);
    return at;
  }
}

function numbers(...parts: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): Buffer {
  return Buffer.concat(
    parts.map(([bytes, value]) => {
      const one = Buffer.alloc(8);
      one.writeBigUInt64LE(BigInt(value));
      return one.subarray(0, bytes);
    }),
  );
}

function versionNeeds(needs: NonNullable<ElfParts['needs']>, texts: Texts): Buffer {
  const lists = Object.entries(needs);
  return Buffer.concat(
    lists.map(([library, versions], i) => {
      const entries = versions.map((version, k) => {
        const isWeak = version.startsWith('?');
        const next = k === versions.length - 1 ? 0 : 16;
        return numbers([4, 0], [2, isWeak ? 2 : 0], [2, 0], [4, texts.at(version.replace('?', ''))], [4, next]);
      });
      const next = i === lists.length - 1 ? 0 : 16 + 16 * versions.length;
      return Buffer.concat([
        numbers([2, 1], [2, versions.length], [4, texts.at(library)], [4, 16], [4, next]),
        ...entries,
      ]);
    }),
  );
}

function versionsHad(versions: readonly string[], texts: Texts): Buffer {
  return Buffer.concat(
    versions.map((version, i) => {
      const next = i === versions.length - 1 ? 0 : 28;
      const head = numbers([2, 1], [2, 0], [2, i + 2], [2, 1], [4, 0], [4, 20], [4, next]);
      return Buffer.concat([head, numbers([4, texts.at(version)], [4, 0])]);
    }),
  );
}

/** Addresses are offsets plus this. */
const base = 0x400000;

function segment(kind: number, at: number, bytes: number): Buffer {
  const place = [at, base + at, base + at, bytes, bytes, kind === 1 ? 4096 : 8];
  return numbers([4, kind], [4, 7], ...place.map((value) => [8, value] as const));
}

/** A shared library or, with code, a program that is linked statically. */
export function elfFile(parts: ElfParts = {}): Buffer {
  const { machine = 62, soname, needed = [], needs = {}, versions = [], sections = {}, code, interpreter } = parts;
  const texts = new Texts();
  const dynamicEntries: (readonly [number, number])[] = needed.map((name) => [1, texts.at(name)]);
  if (soname !== undefined) dynamicEntries.push([14, texts.at(soname)]);
  const [needTable, hadTable] = [versionNeeds(needs, texts), versionsHad(versions, texts)];

  const bodies: Buffer[] = [];
  const segments = interpreter === undefined ? 2 : 3;
  let end = headerBytes + segments * segmentBytes;
  const place = (body: Uint8Array): number => {
    const at = end;
    bodies.push(Buffer.from(body));
    end += body.length;
    return at;
  };
  const entry = code === undefined ? 0 : base + place(code);
  const loader = Buffer.from(interpreter === undefined ? '' : `${interpreter}\0`);
  const loaderAt = place(loader);
  dynamicEntries.push([5, base + place(texts.bytes)]);
  if (needTable.length > 0)
    dynamicEntries.push([0x6ffffffe, base + place(needTable)], [0x6fffffff, Object.keys(needs).length]);
  if (hadTable.length > 0) dynamicEntries.push([0x6ffffffc, base + place(hadTable)], [0x6ffffffd, versions.length]);
  dynamicEntries.push([0, 0]);
  const dynamic = Buffer.concat(dynamicEntries.map(([key, value]) => numbers([8, key], [8, value])));
  const dynamicAt = place(dynamic);

  const names = new Texts();
  const placed = Object.entries(sections).map(([name, body]) => ({
    name: names.at(name),
    at: place(body),
    bytes: body.length,
  }));
  const ownName = names.at('.shstrtab');
  const namesAt = place(names.bytes);
  const listed = [...placed, { name: ownName, at: namesAt, bytes: names.bytes.length }];
  const section = ({ name, at, bytes }: (typeof listed)[number]): Buffer =>
    numbers([4, name], [4, 1], [8, 0], [8, 0], [8, at], [8, bytes], [4, 0], [4, 0], [8, 1], [8, 0]);
  const table = Buffer.concat([Buffer.alloc(64), ...listed.map(section)]);
  const tableAt = place(table);

  const count = listed.length + 1;
  const header = Buffer.concat([
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    numbers([2, code === undefined ? 3 : 2], [2, machine], [4, 1], [8, entry], [8, headerBytes], [8, tableAt], [4, 0]),
    numbers([2, headerBytes], [2, segmentBytes], [2, segments], [2, 64], [2, count], [2, count - 1]),
  ]);
  const named = interpreter === undefined ? [] : [segment(3, loaderAt, loader.length)];
  return Buffer.concat([header, segment(1, 0, end), segment(2, dynamicAt, dynamic.length), ...named, ...bodies]);
}

/** A program of a few instructions that prints a text and ends: for Linux on x86-64, without any library. */
export function printingProgram(text: string): Buffer {
  const message = Buffer.from(text, 'latin1');
  const le = (value: number): number[] => [...numbers([4, value])];
  const instructions = [
    [0xb8, ...le(1)], // eax = write
    [0xbf, ...le(1)], // edi = standard output
    [0x48, 0x8d, 0x35, ...le(5 + 2 + 5 + 2 + 2)], // rsi = the text, behind the last instruction
    [0xba, ...le(message.length)], // edx = its length
    [0x0f, 0x05],
    [0xb8, ...le(60)], // eax = exit
    [0x31, 0xff], // edi = 0
    [0x0f, 0x05],
  ];
  return elfFile({ code: Buffer.from([...instructions.flat(), ...message]) });
}

export interface Code {
  readonly kind: 'ptx' | 'cubin' | 'other';
  readonly sm: number;
  readonly bytes?: number;
}

const kinds = { ptx: 1, cubin: 2, other: 8 } as const;

/** One module of device code: a container with an entry for each code. The code itself is zeros. */
export function deviceModule(codes: readonly Code[]): Buffer {
  const entries = codes.map(({ kind, sm, bytes = 24 }) => {
    const head = Buffer.concat([
      numbers([2, kinds[kind]], [2, 0x101], [4, 64], [8, bytes], [4, 0], [4, 0], [2, 7], [2, 1], [4, sm]),
      Buffer.alloc(32),
    ]);
    return Buffer.concat([head, Buffer.alloc(bytes)]);
  });
  const body = Buffer.concat(entries);
  return Buffer.concat([numbers([4, 0xba55ed50], [2, 1], [2, 16], [8, body.length]), body]);
}

/** Modules one after another, each followed by zeros. */
export function deviceCode(modules: readonly (readonly Code[])[], padding = 8): Buffer {
  return Buffer.concat(modules.flatMap((codes) => [deviceModule(codes), Buffer.alloc(padding)]));
}
