// A run on many machines, simulated: machines of different speeds that are lost now and then, shards that are started again, and
// slides of very different sizes. The same numbers on every machine: what is random comes from a seed.

/** Measured: docs/performance.md, and scripts/scale/measure.mjs on the same kind of machine. Seconds, on a machine of two cores. */
export const measured = Object.freeze({
  /** 56 tiles a second, ResNet-18 in fp32, decoding and normalising included. */
  secondsPerTile: 1 / 56,
  /** 0.25 s of CPU for the mask of a slide, on one core. */
  secondsPerSlide: 0.25,
  /** Of CPU: Node.js, the library and a small model (0.63), and the whole list of 500,000 rows, divided (1.73). */
  secondsPerStart: 2.4,
  /** Lesion images, MobileNetV3-small. */
  imagesPerSecond: 1481,
});

/** Assumed: of a large archive, a cloud and an object store. Change them for yours. */
export const assumed = Object.freeze({
  slides: 500_000,
  /** Of the logarithms' normal distribution. */
  medianBytes: 0.9e9,
  sigmaBytes: 0.75,
  /** Tiles of 256 pixels at 0.5 microns per pixel, with tissue, in a slide of 1 GB; and how much that differs. */
  tilesPerGb: 4000,
  sigmaTiles: 0.35,
  machines: 500,
  /** Speeds differ by so much; one machine in fifty has a third of the speed. */
  sigmaSpeed: 0.08,
  slowShare: 0.02,
  slowSpeed: 1 / 3,
  /** A machine is lost every fifty hours: spot machines. */
  lossesPerHour: 0.02,
  /** Until a shard that was lost may start again. */
  restartSeconds: 120,
  /** Of an object store: questions for the header, then stored tiles in merged ranges. */
  openRequests: 3,
  bytesPerTile: 20_000,
  bytesPerRequest: 1e6,
  /** Currency units. */
  pricePerMachineHour: 0.08,
  pricePerThousandRequests: 0.0004,
});

/** xoshiro would do as well; this one is short: mulberry32. From 0 to 1. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), bits | 61)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Bytes, tiles and seconds of each slide. */
export function drawSlides(seed, facts = assumed, costs = measured) {
  const random = randomOf(seed);
  const [bytes, tiles, seconds] = [0, 0, 0].map(() => new Float64Array(facts.slides));
  for (let i = 0; i < facts.slides; ++i) {
    bytes[i] = Math.round(facts.medianBytes * Math.exp(facts.sigmaBytes * normal(random)));
    tiles[i] = Math.ceil((bytes[i] / 1e9) * facts.tilesPerGb * Math.exp(facts.sigmaTiles * normal(random)));
    seconds[i] = costs.secondsPerSlide + tiles[i] * costs.secondsPerTile;
  }
  return { bytes, tiles, seconds };
}

/** Slides in turn, as a list is dealt out. */
export function assignByCount(count, shards) {
  return Uint32Array.from({ length: count }, (_, i) => i % shards);
}

/** Seconds of work and number of slides of each shard. */
export function workOf({ seconds }, shardOf, shards) {
  const work = new Float64Array(shards);
  const slides = new Uint32Array(shards);
  for (const [i, shard] of shardOf.entries()) {
    work[shard] += seconds[i];
    ++slides[shard];
  }
  return { work, slides };
}

class MinHeap {
  #items = [];
  push(item) {
    const items = this.#items;
    items.push(item);
    for (let at = items.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (items[parent].at <= items[at].at) break;
      [items[parent], items[at]] = [items[at], items[parent]];
      at = parent;
    }
  }
  pop() {
    const items = this.#items;
    const [first] = items;
    const last = items.pop();
    if (items.length > 0) items[0] = last;
    for (let at = 0; ; ) {
      const children = [2 * at + 1, 2 * at + 2].filter((child) => child < items.length);
      const least = children.reduce((best, child) => (items[child].at < items[best].at ? child : best), at);
      if (least === at) return first;
      [items[at], items[least]] = [items[least], items[at]];
      at = least;
    }
  }
}

/** `hasJournal`: a shard that is started again goes on at the slide that it was lost in. Seconds. */
export function simulate({ work, slides }, seed, hasJournal = true, facts = assumed, costs = measured) {
  const random = randomOf(seed);
  const speeds = Array.from({ length: facts.machines }, () =>
    random() < facts.slowShare ? facts.slowSpeed : Math.exp(facts.sigmaSpeed * normal(random)),
  );
  const machines = new MinHeap();
  for (const speed of speeds) machines.push({ at: 0, speed });
  const waiting = [...work.keys()].map((shard) => ({ shard, left: work[shard], from: 0 }));
  let [end, busy, lost, restarts] = [0, 0, 0, 0];
  for (let next = 0; next < waiting.length; ++next) {
    const { shard, left, from } = waiting[next];
    const machine = machines.pop();
    const began = Math.max(machine.at, from);
    const needs = (costs.secondsPerStart + left) / machine.speed;
    const untilLoss = (-Math.log(1 - random()) * 3600) / facts.lossesPerHour;
    const ran = Math.min(needs, untilLoss);
    machine.at = began + ran;
    busy += ran;
    if (ran < needs) {
      ++restarts;
      const done = Math.max(0, ran * machine.speed - costs.secondsPerStart);
      const ofSlide = Math.min(done, (random() * work[shard]) / Math.max(slides[shard], 1));
      const gone = hasJournal ? ofSlide : done;
      lost += gone;
      waiting.push({ shard, left: left - (done - gone), from: machine.at + facts.restartSeconds });
    } else end = Math.max(end, machine.at);
    machines.push(machine);
  }
  const total = work.reduce((sum, one) => sum + one, 0);
  const ideal = total / speeds.reduce((sum, speed) => sum + speed, 0);
  return { end, ideal, busy, lost, restarts, total };
}

/** Requests of all slides to an object store. */
export function requestsOf({ tiles }, facts = assumed) {
  let requests = 0;
  for (const count of tiles)
    requests += facts.openRequests + Math.ceil((count * facts.bytesPerTile) / facts.bytesPerRequest);
  return requests;
}

const hours = (seconds) => (seconds / 3600).toFixed(1);

/** The tables of docs/scale-out.md. `assignBySize` is the library's own. */
export async function report(assignBySize, facts = assumed, costs = measured) {
  const seed = 20;
  const slides = drawSlides(seed, facts, costs);
  const lines = [
    '| shards | division | largest / mean shard | mean shard | end of the run | against the ideal | shards lost | work lost |',
    '| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
  ];
  let chosen = null;
  const row = (shards, division, work, result) => {
    const mean = result.total / shards;
    const cells = [
      ...[
        `${shards}`,
        division,
        (Math.max(...work.work) / mean).toFixed(2),
        `${hours(mean)} h`,
        `${hours(result.end)} h`,
      ],
      ...[`${(result.end / result.ideal).toFixed(2)} x`, `${result.restarts}`],
      `${((100 * result.lost) / result.total).toFixed(2)} %`,
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  };
  for (const shards of [500, 1000, 4000, 20_000]) {
    const bySize = workOf(slides, await assignBySize([...slides.bytes], shards), shards);
    const byCount = workOf(slides, assignByCount(facts.slides, shards), shards);
    const result = simulate(bySize, seed, true, facts, costs);
    row(shards, 'by size', bySize, result);
    row(shards, 'by count', byCount, simulate(byCount, seed, true, facts, costs));
    if (shards === 1000) {
      row(shards, 'by size, without a journal', bySize, simulate(bySize, seed, false, facts, costs));
      chosen = result;
    }
  }
  const requests = requestsOf(slides, facts);
  const compute = (chosen.busy / 3600) * facts.pricePerMachineHour;
  const asking = (requests / 1000) * facts.pricePerThousandRequests;
  const money = (sum) => (sum / facts.slides).toFixed(5);
  return [
    ...lines,
    '',
    '| of 1,000 shards by size | |',
    '| --- | ---: |',
    `| machine hours | ${Math.round(chosen.busy / 3600)} |`,
    `| requests to the object store | ${(requests / 1e6).toFixed(1)} million |`,
    `| requests a second, mean of the run | ${Math.round(requests / chosen.end)} |`,
    `| requests a second of one machine | ${(requests / chosen.busy).toFixed(2)} |`,
    `| bytes read | ${((slides.tiles.reduce((sum, count) => sum + count, 0) * facts.bytesPerTile) / 1e12).toFixed(0)} TB |`,
    `| cost a slide, machines | ${money(compute)} |`,
    `| cost a slide, requests | ${money(asking)} |`,
    `| 10^9 lesion images, machine hours | ${Math.round(1e9 / costs.imagesPerSecond / 3600)} |`,
    `| 10^9 lesion images, of 1,000 shards each | ${(1e6 / costs.imagesPerSecond / 60).toFixed(1)} min |`,
  ].join('\n');
}
