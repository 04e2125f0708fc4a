// node scripts/scale/measure.mjs: what the contract of shards itself costs for 500,000 slides in 1,000 shards, on this machine.
// Prints one line for each figure of docs/scale-out.md that is measured here. Needs `npm run build` first.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assignBySize } from '../../dist/shards/assignment.js';
import { publishManifest } from '../../dist/shards/manifest-file.js';
import { makeManifest, manifestDigest } from '../../dist/shards/manifest.js';
import { mergeShards } from '../../dist/shards/merge.js';
import { partFiles } from '../../dist/shards/names.js';
import { writePartRecord } from '../../dist/shards/part-record.js';
import { realFileSystem } from '../../dist/runs/file-system.js';
import { loadModel } from '../../dist/model/load-model.js';
import { main } from '../steps/run.mjs';

const slides = 500_000;
const shards = 1000;
const say = (what, value) => process.stdout.write(`${what}: ${value}\n`);

async function timed(what, body) {
  // Of CPU: other work of the machine does not count.
  const before = process.cpuUsage();
  const result = await body();
  const { user, system } = process.cpuUsage(before);
  say(what, `${((user + system) / 1e6).toFixed(2)} s of CPU`);
  return result;
}

/** The same rows every time; names as long as those of TCGA. */
function rowsOf(count) {
  return Array.from({ length: count }, (_, i) => {
    const digits = createHash('sha256').update(String(i)).digest();
    const name = `TCGA-${digits.toString('hex', 0, 2)}-${digits.toString('hex', 2, 4)}-01Z-00-DX1.${digits.toString('hex', 4, 20)}.svs`;
    return {
      name,
      bytes: 5e7 + (digits.readUInt32LE(20) % 3e9),
      modifiedNs: `17${String(digits.readUInt32LE(24) % 1e8).padStart(8, '0')}000000000`,
    };
  });
}

async function writeParts(folder, manifest, rows, shardOf) {
  const lines = Array.from({ length: shards }, () => [`${manifest.columns.join(',')}\n`]);
  for (const [row, { name }] of rows.entries()) lines[shardOf[row]].push(`${name},0.123456789\n`);
  const counts = { resumed: 0, fallback: 0, missing: 0, skipped: 0, failed: 0 };
  for (const [index, own] of lines.entries()) {
    const files = partFiles(folder, index, shards);
    const text = own.join('');
    await writeFile(files.table, text);
    const table = { bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') };
    const facts = { counts: { scored: own.length - 1, ...counts }, skipped: [], failed: [], clipped: 0, sampled: 0 };
    const place = { manifest: manifestDigest(manifest), index, count: shards, table, machine: {} };
    await writePartRecord(files.record, { ...place, ...facts }, realFileSystem);
  }
}

main(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'microtome-scale-'));
  try {
    const rows = rowsOf(slides);
    const model = await loadModel('demo');
    const signal = new AbortController().signal;
    const columns = { idColumn: null, valueColumn: null, statusColumn: null, allOutputs: false };
    const whole = {
      ...{ kind: 'slides', rows, header: ['filename', 'relapse'], columns, given: {} },
      ...{ formatSha256: null, metadataSha256: null, imageFile: null },
    };
    const manifest = await timed('manifest of 500,000 rows', () => makeManifest(whole, model, shards, signal));
    await timed('written for the first time', () => publishManifest(folder, manifest, rows, realFileSystem, signal));
    await timed('compared by every other shard', () => publishManifest(folder, manifest, rows, realFileSystem, signal));
    const list = (await readdir(folder)).find((name) => name.startsWith('rows-'));
    say('bytes of the list of rows', (await stat(join(folder, list))).size);
    const bytes = rows.map((row) => row.bytes);
    const shardOf = await timed('assignment to 1,000 shards', () => assignBySize(bytes, shards));
    const loads = new Float64Array(shards);
    for (const [row, shard] of shardOf.entries()) loads[shard] += bytes[row];
    say('largest shard against the smallest, bytes', Math.max(...loads) / Math.min(...loads));
    await writeParts(folder, manifest, rows, shardOf);
    await timed('merge of 1,000 parts', () => mergeShards(folder, { output: join(folder, 'merged.csv') }));
    say('peak memory', `${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
