/**
 * Which GPUs a library has code for. CUDA's compiler keeps device code in sections of the host library, as a row of
 * containers ("fatbins"), one for each module. A container has an entry for each kind of GPU: machine code (a cubin), or
 * assembly (PTX) that the driver compiles when the program starts. The head of an entry says its architecture, also where
 * its code is compressed, so no code is read.
 */
import { number64, withBinary, type BinaryFile } from './binary-file.js';
import { ElfLayout, gpuMachine, type Section } from './layout.js';

const sectionNames = ['.nv_fatbin', '__nv_relfatbin'];
const containerMagic = 0xba55ed50;
const containerHeadBytes = 16;
const entryHeadBytes = 64;
const assemblyKind = 1;
const machineKind = 2;
const paddingPieceBytes = 64 * 1024;
/** Modules and entries of one library; the largest that we know have some hundred thousand. */
const maxHeads = 2 ** 20;

/** One piece of code of a module. `architecture` is 37 for sm_37. */
export interface DeviceCode {
  readonly kind: 'machine' | 'assembly';
  readonly architecture: number;
}

/** The code of a library, a list for each module. */
export type Modules = readonly (readonly DeviceCode[])[];

/** 'none': it carries no device code, or is no ELF file. 'unknown': its sections were stripped, so that nobody can tell. */
export async function readDeviceCode(path: string, name: string): Promise<Modules | 'none' | 'unknown'> {
  return withBinary(path, name, async (file) => {
    const layout = await ElfLayout.read(file);
    if (layout === null || layout.machine === gpuMachine) return 'none';
    const sections = await layout.sections();
    if (sections === null) return 'unknown';
    const found = sections.filter((section) => sectionNames.includes(section.name));
    if (found.length === 0) return 'none';
    const modules: (readonly DeviceCode[])[] = [];
    for (const section of found) await readModules(file, section, modules);
    return modules;
  });
}

async function readModules(file: BinaryFile, section: Section, modules: (readonly DeviceCode[])[]): Promise<void> {
  const end = section.offset + section.bytes;
  if (!(end <= file.sizeBytes)) throw file.damaged('its device code lies outside the file');
  for (let at = await afterPadding(file, section.offset, end); at < end; ) {
    const head = await file.bytes(at, containerHeadBytes, 'the head of its device code');
    if (head.readUInt32LE(0) !== containerMagic) throw file.damaged('its device code has an unknown form');
    const [headBytes, bytes] = [head.readUInt16LE(6), number64(head, 8)];
    const [first, next] = [at + headBytes, at + headBytes + bytes];
    if (headBytes < containerHeadBytes || !(next <= end)) throw file.damaged('a module of its device code is cut');
    modules.push(await entriesOf(file, first, next));
    if (modules.length > maxHeads) throw file.damaged('its device code has too many modules');
    at = await afterPadding(file, next, end);
  }
}

async function entriesOf(file: BinaryFile, first: number, end: number): Promise<readonly DeviceCode[]> {
  const found: DeviceCode[] = [];
  for (let at = first; at < end; ) {
    const head = await file.bytes(at, entryHeadBytes, 'the head of an entry of its device code');
    const [kind, headBytes, bytes] = [head.readUInt16LE(0), head.readUInt32LE(4), number64(head, 8)];
    if (headBytes < entryHeadBytes || !(at + headBytes + bytes <= end))
      throw file.damaged('an entry of its device code is cut');
    const architecture = head.readUInt32LE(28);
    // Other kinds are no code: relocatable intermediate forms, texts.
    if (kind === machineKind) found.push({ kind: 'machine', architecture });
    if (kind === assemblyKind) found.push({ kind: 'assembly', architecture });
    if (found.length > maxHeads) throw file.damaged('a module of its device code has too many entries');
    at += headBytes + bytes;
  }
  return found;
}

/** There may be zeros between two containers. */
async function afterPadding(file: BinaryFile, from: number, end: number): Promise<number> {
  for (let at = from; at < end; ) {
    const piece = await file.bytes(at, Math.min(paddingPieceBytes, end - at), 'its device code');
    const used = piece.findIndex((byte) => byte !== 0);
    // The magic number begins with no zero byte.
    if (used !== -1) return at + used;
    at += piece.length;
  }
  return end;
}

/**
 * Whether a GPU of `architecture` can run the code. Machine code runs on later GPUs of the same generation (sm_35 on sm_37), assembly is
 * compiled for its own and every later generation.
 */
export function runsOn({ kind, architecture: made }: DeviceCode, architecture: number): boolean {
  if (made > architecture) return false;
  return kind === 'assembly' || Math.floor(made / 10) === Math.floor(architecture / 10);
}
