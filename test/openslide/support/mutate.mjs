// Damages a slide in one way after the other and reads what is left: `mutate.mjs LIBRARY DRIVER SLIDE SCRATCH FIRST END`. Prints
// a line of JSON before each, and one with its outcome after it, so that whoever started this knows what ended it.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { MicrotomeError, openSlide } from '../../../dist/index.js';

const [openslidePath, driver, slide, scratch, first, end] = process.argv.slice(2);

/** mulberry32: numbers from 0 to below 1. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A slide of one file, which is a TIFF in all but a few bytes. */
const isTiff = (name) => /\.(ndpi|svs|tiff?|scn|bif)$/.test(name);

/** The files of the slide: its own, and those of its folder. A MIRAX slide lies beside others, and has a folder of its own. */
function filesOf(path) {
  if (isTiff(path)) return [path];
  const folder = dirname(path);
  if (!path.endsWith('.mrxs')) return readdirSync(folder).map((name) => join(folder, name));
  const data = path.slice(0, -'.mrxs'.length);
  return [path, ...readdirSync(data).map((name) => join(data, name))];
}

const hostile = [-1, 0, 1, 2, 255, 65535, 0x7fffffff, -0x80000000, 0x10000000, 12345];
const chosen = (random, list) => list[Math.floor(random() * list.length)];

/** One number of a text in INI form becomes another. */
function changeNumber(random, bytes) {
  const text = bytes.toString('latin1');
  const numbers = [...text.matchAll(/(?<==\s*)-?\d+(?:\.\d+)?/g)];
  if (numbers.length === 0) return bytes;
  const { 0: old, index } = chosen(random, numbers);
  return Buffer.from(text.slice(0, index) + chosen(random, hostile) + text.slice(index + old.length), 'latin1');
}

function changeBytes(random, bytes, most) {
  const out = Buffer.from(bytes);
  const count = 1 + Math.floor(random() * 8);
  for (let i = 0; i < count; i += 1) out[Math.floor(random() * most)] = Math.floor(random() * 256);
  return out;
}

function changeWord(random, bytes, most) {
  const out = Buffer.from(bytes);
  if (out.length >= 4) out.writeInt32LE(chosen(random, hostile), Math.floor(random() * Math.max(1, most - 3)));
  return out;
}

/**
 * Where the directories of a small TIFF in little-endian order are: pairs of begin and end. Pointers of 8 bytes are read by
 * their lower half. An NDPI has those too, in a classic TIFF.
 */
function directoriesOf(bytes, isNdpi) {
  const big = bytes.readUInt16LE(2) === 43;
  const [countBytes, entryBytes, pointerBytes] = big ? [8, 20, 8] : [2, 12, isNdpi ? 8 : 4];
  const found = [];
  for (let at = bytes.readUInt32LE(big ? 8 : 4); at > 0 && at + countBytes <= bytes.length && found.length < 100; ) {
    const end = at + countBytes + entryBytes * bytes.readUInt16LE(at);
    found.push([at, Math.min(bytes.length, end + pointerBytes)]);
    at = end + 4 <= bytes.length ? bytes.readUInt32LE(end) : 0;
  }
  return found;
}

/** A few bytes, or a word, of a directory. */
function changeDirectory(random, bytes, name) {
  const [begin, end] = chosen(random, directoriesOf(bytes, name.endsWith('.ndpi')));
  const out = Buffer.from(bytes);
  if (random() < 0.5)
    out.writeInt32LE(chosen(random, hostile), begin + Math.floor(random() * Math.max(1, end - begin - 4)));
  else for (let i = 0; i < 3; i += 1) out[begin + Math.floor(random() * (end - begin))] = Math.floor(random() * 256);
  return out;
}

const ways = {
  flipped: (random, bytes) => changeBytes(random, bytes, bytes.length),
  'head flipped': (random, bytes) => changeBytes(random, bytes, Math.min(bytes.length, 2048)),
  truncated: (random, bytes) => bytes.subarray(0, Math.floor(random() * bytes.length)),
  'word changed': (random, bytes) => changeWord(random, bytes, Math.min(bytes.length, 4096)),
  'number changed': changeNumber,
  'directory changed': changeDirectory,
};

/** Numbers are changed in texts, words in what is no text, and directories in a TIFF. */
function wayOf(random, name) {
  if (isTiff(name) && random() < 0.6) return 'directory changed';
  const text = /\.(ini|vms|vmu)$/.test(name);
  return text && random() < 0.7 ? 'number changed' : chosen(random, Object.keys(ways).slice(0, text ? 3 : 4));
}

/** Index files and headers matter most. */
function fileOf(random, files) {
  const heads = files.filter((file) =>
    /(\.ini|Index\.dat|\.vms|\.vmu|\.dcm|\.ngr|\.ndpi|\.svs|\.tiff?|\.scn|\.bif)$/.test(file),
  );
  return chosen(random, random() < 0.7 ? heads : files);
}

/** Copies the slide and damages the copy. Returns where it is, and what was done. */
function damage(number) {
  const random = generator(977 * number + basename(slide).length);
  const folder = join(scratch, String(number));
  mkdirSync(folder, { recursive: true });
  const files = filesOf(slide);
  for (const file of files) cpSync(file, join(folder, relative(dirname(slide), file)));
  const victim = fileOf(random, files);
  const copy = join(folder, relative(dirname(slide), victim));
  const path = join(folder, basename(slide));
  if (random() < 0.06) {
    rmSync(copy);
    return { path, what: `${basename(victim)} removed` };
  }
  const way = wayOf(random, victim);
  const bytes = readFileSync(copy);
  if (statSync(copy).size > 0) writeFileSync(copy, ways[way](random, bytes, basename(victim)));
  return { path, what: `${basename(victim)} ${way}` };
}

/** Reads a part of every level, every associated image, a thumbnail and the tissue. */
async function readAll(path) {
  const opened = await openSlide(path, { openslidePath, driver });
  try {
    for (const { index, width, height } of opened.levels) {
      const [w, h] = [Math.min(width, 700), Math.min(height, 700)];
      await opened.readRegion({ level: index, x: 0, y: 0, width: w, height: h });
      await opened.readRegion({ level: index, x: width - w, y: height - h, width: w, height: h });
    }
    for (const { name } of opened.associated) await opened.readAssociated(name);
    await opened.thumbnail(256);
    await opened.tissue();
  } finally {
    await opened.close();
  }
}

const say = (value) => writeSync(1, `${JSON.stringify(value)}\n`);

for (let number = Number(first); number < Number(end); number += 1) {
  const { path, what } = damage(number);
  say({ number, path, what });
  let outcome = 'ok';
  try {
    await readAll(path);
  } catch (error) {
    if (!(error instanceof MicrotomeError)) throw error;
    outcome = error.code;
  }
  say({ number, outcome });
  rmSync(dirname(path), { recursive: true, force: true });
}
