// How many slides an hour a machine with one die of a Tesla K80 scores. Arithmetic only: numbers in, numbers out. What is
// a range stays a range: { low, high } are the pessimistic and the optimistic end.
import { networks } from './networks.mjs';

/** What the estimate starts from. `assumed` marks what nobody has measured on such a machine. */
export const inputs = {
  cores: { value: 2496, source: 'one GK210 die: 13 multiprocessors of 192 (vendor data sheet)' },
  clockMHz: { value: 824, source: 'board boost clock (vendor data sheet); 562 base, 875 at most' },
  bandwidthGBs: { value: 240, source: 'one die (vendor data sheet)' },
  eccFactor: {
    value: 1,
    assumed: true,
    source: 'ECC takes 10 to 30 %, but the shares below were fitted to cloud machines that have it on',
  },
  pcieGBs: { value: 10, assumed: true, source: 'PCIe 3.0 x16 behind a switch that two dies share' },
  vcpus: { value: 6, source: 'the machine of the VisioMel challenge (Xeon E5-2690, 6 vCPU, one K80)' },
  decodeMpxPerVcpu: {
    low: 80,
    high: 230,
    assumed: true,
    source: 'from hyper-threads of a Haswell with dense tissue to real cores at 1 bit per pixel',
  },
  pointwiseShare: { low: 0.28, high: 0.36, source: 'of peak arithmetic; fitted to published ResNet figures' },
  denseShare: { low: 0.4, high: 0.6, source: 'of peak arithmetic; fitted to published ResNet figures' },
  bandwidthShare: { low: 0.6, high: 0.7, source: 'of peak bandwidth, plain passes; fitted likewise' },
  launchUs: { value: 6, source: 'one kernel launch' },
  batch: { value: 64, source: 'published figures level off between 32 and 128' },
  tilePx: { value: 224, source: 'input side of the networks' },
  decodedPerUsed: {
    low: 1.3,
    high: 1.03,
    source:
      'stored pixels decoded for each pixel used, each stored tile once: 1.3 with 300 tiles in several sections, 1.03 with 2,800 in one (planSlide on generated slides)',
  },
  maskCpuSeconds: {
    low: 0.6,
    high: 0.25,
    assumed: true,
    source:
      'overview and tissue mask of one slide: 0.25 s of CPU on one core of an AMD EPYC of the first generation, a K80 host may take twice as long',
  },
  bitsPerPx: { value: 2, assumed: true, source: 'compressed size of tissue, 1.5 to 3 bits per pixel' },
  diskMBs: { value: 200, assumed: true, source: 'a network disk' },
  overlap: { value: true, source: 'the engine decodes while the device works' },
};

/** Inference published for one die, tiles per second: Apache MXNet 1.2 with cuDNN 7.0.5 on EC2 p2, docs/faq/perf.md. */
export const published = [
  { network: 'ResNet-50', batch: 1, tilesPerSecond: 67 },
  { network: 'ResNet-50', batch: 32, tilesPerSecond: 159 },
  { network: 'ResNet-50', batch: 128, tilesPerSecond: 171.6 },
  { network: 'ResNet-152', batch: 128, tilesPerSecond: 71.9 },
];

/** One end of every range: plain numbers for the formulas below. */
export function atEnd(end, from = inputs) {
  return Object.fromEntries(Object.entries(from).map(([name, input]) => [name, input.value ?? input[end]]));
}

/** fp32 operations per second. */
export const peakFlops = ({ cores, clockMHz }) => cores * 2 * clockMHz * 1e6;

/** Bytes per second that memory gives. */
export const memoryBytesPerSecond = ({ bandwidthGBs, eccFactor }) => bandwidthGBs * eccFactor * 1e9;

/** Seconds for one operation on a whole batch: the slower of arithmetic and memory, and one launch. */
export function operationSeconds({ kind, macs, values, weights }, at) {
  const share = { dense: at.denseShare, pointwise: at.pointwiseShare, pass: 1 }[kind];
  const arithmetic = (2 * macs * at.batch) / (peakFlops(at) * share);
  const memory = ((values * at.batch + weights) * 4) / (memoryBytesPerSecond(at) * at.bandwidthShare);
  return Math.max(arithmetic, memory) + at.launchUs * 1e-6;
}

/** Tiles per second of a list of operations. */
export function tilesPerSecond(operations, at) {
  return at.batch / operations.reduce((seconds, one) => seconds + operationSeconds(one, at), 0);
}

/** Seconds that each stage needs for one slide of `tiles` tiles when it works alone. */
export function stageSeconds(tiles, inferPerSecond, at) {
  const px = tiles * at.tilePx ** 2;
  return {
    decode: ((px * at.decodedPerUsed) / (at.decodeMpxPerVcpu * 1e6) + at.maskCpuSeconds) / at.vcpus,
    transfer: (px * 3) / (at.pcieGBs * 1e9),
    inference: tiles / inferPerSecond,
    disk: (px * at.decodedPerUsed * at.bitsPerPx) / 8 / (at.diskMBs * 1e6),
  };
}

/** Slides per hour, and the stage that sets it. */
export function slidesPerHour(tiles, inferPerSecond, at) {
  const stages = Object.entries(stageSeconds(tiles, inferPerSecond, at)).sort((a, b) => b[1] - a[1]);
  const [[slowest, longest]] = stages;
  const seconds = at.overlap ? longest : stages.reduce((sum, [, one]) => sum + one, 0);
  return { perHour: 3600 / seconds, slowest };
}

/** Low and high tiles per second of every network. */
export function estimates(from = inputs) {
  return Object.entries(networks).map(([name, operations]) => ({
    name,
    low: tilesPerSecond(operations, atEnd('low', from)),
    high: tilesPerSecond(operations, atEnd('high', from)),
  }));
}
