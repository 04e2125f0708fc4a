// The parts of a zip where numbers do not fit into 16 and 32 bits, as Python's zipfile reads them.
import { execFileSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { directoryEntry, endOfZip, memberEnd, memberHead, type Member } from '../../lib/competition/pack/zip-format.js';
import { folderOf } from './support/folder.js';

const content = Buffer.from('a small text');
const compressed = deflateRawSync(content);

function memberAt(offset: number, name: string, change: Partial<Member> = {}): Member {
  const sizes = { bytes: content.length, compressedBytes: compressed.length, crc32: crc32(content) };
  return { name, executable: false, offset, ...sizes, ...change };
}

/** What Python says of the members of a zip; `read`: it reads their bytes, too. */
function membersOf(zip: string, read: boolean): unknown {
  const script = `import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
read = ${read ? 'lambda i: z.read(i).decode()' : 'lambda i: None'}
print(json.dumps([[i.filename, i.file_size, i.compress_size, i.header_offset, read(i)] for i in z.infolist()]))`;
  return JSON.parse(execFileSync('python3', ['-I', '-c', script, zip], { encoding: 'utf8', maxBuffer: 2 ** 26 }));
}

describe('the format of the zip', () => {
  it('has members behind 4 GiB', async () => {
    const path = join(await folderOf(), 'far.zip');
    const first = 2 ** 32 + 10;
    const handle = await open(path, 'w');
    let at = first;
    const members: Member[] = [];
    for (const name of ['one', 'two']) {
      const member = memberAt(at, name);
      members.push(member);
      const bytes = Buffer.concat([memberHead(member), compressed, memberEnd(member)]);
      // What lies before is a hole, which takes no space on the disk.
      await handle.write(bytes, 0, bytes.length, at);
      at += bytes.length;
    }
    const directory = Buffer.concat(members.map(directoryEntry));
    const end = Buffer.concat([directory, endOfZip(members.length, at, directory.length)]);
    await handle.write(end, 0, end.length, at);
    await handle.close();
    expect(membersOf(path, true)).toEqual(
      members.map(({ name, offset }) => [name, content.length, compressed.length, offset, 'a small text']),
    );
  });

  it('has members that are larger than 4 GiB', async () => {
    const member = memberAt(0, 'large', { bytes: 5e9, compressedBytes: 4.9e9 });
    const directory = directoryEntry(member);
    const head = memberHead(member);
    const zip = Buffer.concat([head, directory, endOfZip(1, head.length, directory.length)]);
    const path = join(await folderOf({ 'large.zip': zip }), 'large.zip');
    expect(membersOf(path, false)).toEqual([['large', 5e9, 4.9e9, 0, null]]);
    // Python does not look at it: version 4.5, full sizes, and an extra field of two 64-bit sizes that follow later.
    expect([head.readUInt16LE(4), head.readUInt32LE(18), head.readUInt32LE(22)]).toEqual([45, 0xffffffff, 0xffffffff]);
    expect(head.subarray(30 + 'large'.length).toString('hex')).toBe(`01001000${'00'.repeat(16)}`);
    // Sum, then both sizes in 64 bits.
    expect(memberEnd(member)).toHaveLength(4 + 4 + 8 + 8);
    expect(memberEnd(memberAt(0, 'small'))).toHaveLength(4 + 4 + 4 + 4);
  });

  it('has more than 65,535 members', async () => {
    const pieces: Buffer[] = [];
    const members: Member[] = [];
    let at = 0;
    for (let i = 0; i < 66_000; ++i) {
      const member = memberAt(at, `m${i}`);
      const bytes = Buffer.concat([memberHead(member), compressed, memberEnd(member)]);
      members.push(member);
      pieces.push(bytes);
      at += bytes.length;
    }
    const directory = Buffer.concat(members.map(directoryEntry));
    const zip = Buffer.concat([...pieces, directory, endOfZip(members.length, at, directory.length)]);
    const found = membersOf(join(await folderOf({ 'many.zip': zip }), 'many.zip'), true) as unknown[][];
    expect(found).toHaveLength(66_000);
    // Python does not look at the counts: both are in the wide end, and the plain one says that they do not fit.
    const end = zip.subarray(-98);
    expect([end.readBigUInt64LE(24), end.readBigUInt64LE(32)]).toEqual([66_000n, 66_000n]);
    expect([end.readUInt16LE(76 + 8), end.readUInt16LE(76 + 10)]).toEqual([0xffff, 0xffff]);
    expect(endOfZip(65_534, 100, 100)).toHaveLength(22);
    expect(found.at(-1)).toEqual(['m65999', content.length, compressed.length, members.at(-1)?.offset, 'a small text']);
  });
});
