/** The messages of an object: what a dataset is made of and where its bytes are. HDF5 File Format Specification 3.0, IV.A. */
import { damaged, Fields } from './fields.js';
import type { Superblock } from './superblock.js';
import type { WindowedFile } from './windowed-file.js';

export interface Message {
  readonly type: number;
  /** A copy: the file's window moves on. */
  readonly bytes: Buffer;
  /** Where `bytes` is in the file. */
  readonly at: number;
}

const kContinuation = 0x10;
const kMostMessages = 4096;
const kMostBlocks = 64;
/** Of one object header; those of datasets of images have a few hundred bytes. */
const kMostBytes = 1024 * 1024;

interface Block {
  readonly at: number;
  readonly bytes: number;
}

/** All messages of the object at `address`. Throws IMAGES_INVALID, TRUNCATED. */
export async function readMessages(
  file: WindowedFile,
  superblock: Superblock,
  address: number,
): Promise<readonly Message[]> {
  const version = (await file.read(address, 4, 'an object header'))[0];
  return version === 1 ? readVersion1(file, superblock, address) : readVersion2(file, superblock, address);
}

async function readVersion1(file: WindowedFile, superblock: Superblock, address: number): Promise<readonly Message[]> {
  const head = new Fields(
    await file.read(address, 16, 'an object header'),
    file.path,
    `the object header at ${address}`,
  );
  const count = head.skip(2).number(2);
  const size = head.skip(4).number(4);
  const messages: Message[] = [];
  const blocks: Block[] = [{ at: address + 16, bytes: size }];
  for (let i = 0; i < blocks.length; i++) {
    const block = blocks[i] as Block;
    const fields = await fieldsOf(file, block, blocks.length);
    while (fields.left >= 8 && messages.length < count) {
      const type = fields.number(2);
      const bytes = fields.number(2);
      fields.skip(4);
      const at = block.at + fields.at;
      const message = { type, bytes: Buffer.from(fields.part(bytes)), at };
      messages.push(message);
      if (type === kContinuation) blocks.push(continuation(file, superblock, message));
    }
  }
  return messages;
}

async function readVersion2(file: WindowedFile, superblock: Superblock, address: number): Promise<readonly Message[]> {
  const bytes = await file.readUpTo(address, 64, 'an object header');
  const head = new Fields(bytes, file.path, `the object header at ${address}`).signature('OHDR');
  const version = head.number(1);
  if (version !== 2)
    throw damaged(file.path, `the object header at ${address} has version ${version}; 1 and 2 are read`);
  const flags = head.number(1);
  head.skip((flags & 0x20) === 0 ? 0 : 16).skip((flags & 0x10) === 0 ? 0 : 4);
  const size = head.number(2 ** (flags & 3));
  const messages: Message[] = [];
  const blocks: Block[] = [{ at: address + head.at, bytes: size }];
  for (let i = 0; i < blocks.length; i++) {
    const block = blocks[i] as Block;
    const fields = await fieldsOf(file, block, blocks.length);
    // A continuation has a signature before and a checksum behind its messages.
    if (i > 0) fields.signature('OCHK');
    const tail = i > 0 ? 4 : 0;
    const headBytes = (flags & 4) === 0 ? 4 : 6;
    while (fields.left - tail >= headBytes && messages.length < kMostMessages) {
      const type = fields.number(1);
      const length = fields.number(2);
      fields.skip(headBytes - 3);
      const at = block.at + fields.at;
      const message = { type, bytes: Buffer.from(fields.part(length)), at };
      messages.push(message);
      if (type === kContinuation) blocks.push(continuation(file, superblock, message));
    }
  }
  return messages;
}

async function fieldsOf(file: WindowedFile, { at, bytes }: Block, blocks: number): Promise<Fields> {
  if (bytes > kMostBytes || blocks > kMostBlocks)
    throw damaged(file.path, `the object header at ${at} is larger than ${kMostBytes} bytes or has too many parts`);
  return new Fields(
    Buffer.from(await file.read(at, bytes, 'an object header')),
    file.path,
    `the object header at ${at}`,
  );
}

function continuation(file: WindowedFile, { sizes, base }: Superblock, { bytes, at }: Message): Block {
  const fields = new Fields(bytes, file.path, `the continuation at ${at}`);
  const address = fields.address(sizes.offset);
  if (address === null) throw damaged(file.path, `the continuation at ${at} leads nowhere`);
  return { at: base + address, bytes: fields.number(sizes.length) };
}
