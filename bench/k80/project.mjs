// How long a submission takes for the whole test set: plans of slides in, hours out. Arithmetic only.
import { atEnd, operationSeconds, stageSeconds } from './model.mjs';
import { totals } from './networks.mjs';

/** The challenge allows this; the rest of the time is for what no estimate foresees. */
export const limitHours = 8;
export const usableHours = 7.5;

/**
 * Today the engine computes on the CPU. One core of an AMD EPYC of the first generation ran 27 tiles of ResNet-18 a second
 * (docs/performance.md), 49 GMAC; a hyper-thread of the challenge's Haswell is taken for 0.4 to 1 of that.
 */
export const cpuGmacsPerVcpu = { low: 20, high: 49, assumed: true };

/**
 * At batch 1 the model of the device is too optimistic by two to three times (docs/k80.md): pictures come one at a time, so the
 * pessimistic end takes three times as long.
 */
const singleFactor = { low: 3, high: 1 };

const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);

/** Seconds of the device for one picture. */
function pictureSeconds(operations, end) {
  const at = { ...atEnd(end), batch: 1 };
  return singleFactor[end] * sum(operations.map((one) => operationSeconds(one, at)));
}

/** Seconds for one tile on a device that gets full batches; `most` tiles at least come at a time. */
function tileSeconds(operations, end) {
  const at = atEnd(end);
  return sum(operations.map((one) => operationSeconds(one, at))) / at.batch;
}

const cpuSeconds = (operations, end, vcpus) => totals(operations).macs / (cpuGmacsPerVcpu[end] * 1e9 * vcpus);

/** Seconds of one slide's networks, on the device or on the CPU; `counts`: tiles of each input. */
export function networkSeconds(bundle, counts, end, device) {
  const { vcpus } = atEnd(end);
  const tile = (operations) => (device === 'cpu' ? cpuSeconds(operations, end, vcpus) : tileSeconds(operations, end));
  const picture = (operations) =>
    device === 'cpu' ? cpuSeconds(operations, end, vcpus) : pictureSeconds(operations, end);
  const tiles = Object.entries(bundle.inputs).map(([name, { all, left, mostLeft }]) => {
    const count = counts[name] ?? 0;
    return count * tile(all) + Math.min(count, mostLeft) * tile(left);
  });
  return sum(tiles) + sum(bundle.pictures.map(picture));
}

/**
 * Seconds of one slide. `plan`: tiles of each input, pixels that are decoded, bytes that are read. On the GPU the slowest stage
 * sets the pace; on the CPU decoding and networks share the cores.
 */
export function slideSeconds(bundle, plan, end, device) {
  const at = atEnd(end);
  const decode = (plan.decodedPx / (at.decodeMpxPerVcpu * 1e6) + at.maskCpuSeconds) / at.vcpus;
  const disk = plan.bytes / (at.diskMBs * 1e6);
  const network = networkSeconds(bundle, plan.counts, end, device);
  if (device === 'cpu') return Math.max(decode + network, disk);
  const px = sum(Object.entries(plan.counts).map(([name, count]) => count * bundle.inputs[name].sidePx ** 2));
  const transfer = stageSeconds(px / at.tilePx ** 2, 1, at).transfer;
  return Math.max(decode, transfer, network, disk);
}

/** A plan of which at most `most` tiles are scored. */
function cut(plan, most) {
  const all = sum(Object.values(plan.counts));
  const share = Math.min(1, most / Math.max(all, 1));
  const counts = Object.fromEntries(Object.entries(plan.counts).map(([name, count]) => [name, count * share]));
  return {
    ...plan,
    counts,
    decodedPx: plan.picturePx + (plan.decodedPx - plan.picturePx) * share,
    bytes: plan.bytes * share,
  };
}

/** Hours for all slides; `most`: tiles of a slide. */
export function hours(bundle, plans, end, device, most = Number.POSITIVE_INFINITY) {
  return sum(plans.map((plan) => slideSeconds(bundle, cut(plan, most), end, device))) / 3600;
}

/** The most tiles of a slide with which all slides fit, as a deadline cuts them; null: all fit. Zero: not even one. */
export function mostTiles(bundle, plans, end, device) {
  if (hours(bundle, plans, end, device) <= usableHours) return null;
  let [low, high] = [0, Math.max(...plans.map(({ counts }) => sum(Object.values(counts))))];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (hours(bundle, plans, end, device, middle) <= usableHours) low = middle;
    else high = middle;
  }
  return low;
}
