/**
 * The parts of a zip beside the compressed bytes, as APPNOTE describes them. Sizes and the sum of a member follow its bytes,
 * so that a zip is written in one go. Fields of 32 bits that are too small are doubled by 64-bit ones ("zip64").
 */

/** A file in the zip. */
export interface Member {
  readonly name: string;
  readonly bytes: number;
  readonly executable: boolean;
  /** Where its head is. */
  readonly offset: number;
  readonly compressedBytes: number;
  readonly crc32: number;
}

/** A member of this size has 64-bit fields: deflate makes incompressible bytes a little longer, never by a sixteenth. */
const large = 0xf000_0000;
const full32 = 0xffff_ffff;
const full16 = 0xffff;

const version = { plain: 20, zip64: 45 } as const;
/** The system whose file modes are stored. */
const unix = 3;
/** Sizes follow the bytes; names are UTF-8. */
const flags = 0x0808;
const deflate = 8;
/** Noon of 1 January 2000: the same for every member, and without a time zone. */
const time = 12 << 11;
const date = (20 << 9) | (1 << 5) | 1;
const programMode = 0o100755;
const fileMode = 0o100644;
const zip64Extra = 1;

type Field = readonly [bytes: 2 | 4 | 8, value: number];

function packed(...fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map(([bytes, value]) => {
      const field = Buffer.alloc(8);
      field.writeBigUInt64LE(BigInt(value));
      return field.subarray(0, bytes);
    }),
  );
}

const isLarge = ({ bytes }: Member): boolean => bytes >= large;

/** The extra field with 64-bit values; empty where there are none. */
function extra(values: readonly number[]): Buffer {
  if (values.length === 0) return Buffer.alloc(0);
  return packed([2, zip64Extra], [2, 8 * values.length], ...values.map((value): Field => [8, value]));
}

/** Before the bytes of a member. */
export function memberHead(member: Member): Buffer {
  const name = Buffer.from(member.name);
  const wide = isLarge(member);
  const more = extra(wide ? [0, 0] : []);
  const size = wide ? full32 : 0;
  return Buffer.concat([
    packed([4, 0x04034b50], [2, wide ? version.zip64 : version.plain], [2, flags], [2, deflate], [2, time], [2, date]),
    packed([4, 0], [4, size], [4, size], [2, name.length], [2, more.length]),
    name,
    more,
  ]);
}

/** After the bytes of a member. */
export function memberEnd(member: Member): Buffer {
  const width = isLarge(member) ? 8 : 4;
  return packed([4, 0x08074b50], [4, member.crc32], [width, member.compressedBytes], [width, member.bytes]);
}

/** What the directory at the end says of a member. */
export function directoryEntry(member: Member): Buffer {
  const name = Buffer.from(member.name);
  const [wide, far] = [isLarge(member), member.offset >= full32];
  const more = extra([...(wide ? [member.bytes, member.compressedBytes] : []), ...(far ? [member.offset] : [])]);
  const needed = wide || far ? version.zip64 : version.plain;
  const mode = member.executable ? programMode : fileMode;
  return Buffer.concat([
    packed(
      [4, 0x02014b50],
      [2, (unix << 8) | version.zip64],
      [2, needed],
      [2, flags],
      [2, deflate],
      [2, time],
      [2, date],
    ),
    packed([4, member.crc32], [4, wide ? full32 : member.compressedBytes], [4, wide ? full32 : member.bytes]),
    packed([2, name.length], [2, more.length], [2, 0], [2, 0], [2, 0], [4, mode * 2 ** 16]),
    packed([4, far ? full32 : member.offset]),
    name,
    more,
  ]);
}

/** The end of the zip: where the directory is, how long it is, and how many members it has. */
export function endOfZip(count: number, offset: number, bytes: number): Buffer {
  const end = packed(
    ...([
      [4, 0x06054b50],
      [2, 0],
      [2, 0],
    ] as const),
    ...([
      [2, Math.min(count, full16)],
      [2, Math.min(count, full16)],
    ] as const),
    ...([
      [4, Math.min(bytes, full32)],
      [4, Math.min(offset, full32)],
      [2, 0],
    ] as const),
  );
  if (count < full16 && bytes < full32 && offset < full32) return end;
  const wide = packed(
    ...([
      [4, 0x06064b50],
      [8, 44],
      [2, (unix << 8) | version.zip64],
      [2, version.zip64],
      [4, 0],
      [4, 0],
    ] as const),
    ...([
      [8, count],
      [8, count],
      [8, bytes],
      [8, offset],
    ] as const),
  );
  const locator = packed([4, 0x07064b50], [4, 0], [8, offset + bytes], [4, 1]);
  return Buffer.concat([wide, locator, end]);
}
