/**
 * sharp and onnxruntime-node as well as we could write it. The slide is read in squares that hold whole stored tiles and
 * whole model tiles, so that nothing is decoded twice; the next squares are read by libuv's threads while this one is
 * turned into tensors through tables; batches go to a session with as many threads as we get, one batch ahead.
 */
import { denormalise, normalisation, TileDigest } from '../harness/digest.js';
import { serve, type Contender, type Workload } from '../harness/protocol.js';
import { loadOrt, loadSharp, type Ort, type OrtSession } from './peer-packages.js';

/** 7 stored tiles of 256 pixels, 8 model tiles of 224. */
const SQUARE_PX = 1792;
/** Squares on their way from sharp: one for each of its threads, and one more. */
const AHEAD = 3;

type Square = Readonly<Record<'left' | 'top' | 'width' | 'height', number>>;
type Tile = Readonly<Record<'x' | 'y', number>>;

/** The 256 values of each channel. */
const tables = normalisation.mean.map((mean, c) =>
  Float32Array.from({ length: 256 }, (_, v) => (v * normalisation.scale - mean) / (normalisation.std[c] as number)),
) as [Float32Array, Float32Array, Float32Array];

/** One tile of a square of interleaved bytes to a planar tensor. */
function fill(out: Float32Array, at: number, bytes: Uint8Array, rowPx: number, x: number, y: number, size: number) {
  const [red, green, blue] = tables;
  const pixels = size * size;
  let to = at;
  for (let row = 0; row < size; row++) {
    let from = 3 * ((y + row) * rowPx + x);
    for (const end = to + size; to < end; to++, from += 3) {
      out[to] = red[bytes[from] as number] as number;
      out[to + pixels] = green[bytes[from + 1] as number] as number;
      out[to + 2 * pixels] = blue[bytes[from + 2] as number] as number;
    }
  }
}

function squaresOf({ columns, rows, stride }: Workload): Square[] {
  const [width, height] = [columns * stride, rows * stride];
  const squares: Square[] = [];
  for (let top = 0; top < height; top += SQUARE_PX) {
    for (let left = 0; left < width; left += SQUARE_PX) {
      squares.push({ left, top, width: Math.min(SQUARE_PX, width - left), height: Math.min(SQUARE_PX, height - top) });
    }
  }
  return squares;
}

/** Runs `batch` tiles at a time, one call ahead of the caller. */
class Batches {
  private readonly free: Float32Array[];
  private filling: Float32Array;
  private tiles: Tile[] = [];
  private running: Promise<void> = Promise.resolve();
  private runningBuffer: Float32Array | null = null;

  constructor(
    private readonly ort: Ort,
    private readonly session: OrtSession | null,
    private readonly workload: Workload,
    private readonly take: (tiles: readonly Tile[], tensor: Float32Array, scores: ArrayLike<number> | null) => void,
  ) {
    const values = 3 * workload.size ** 2 * workload.batch;
    this.filling = new Float32Array(values);
    this.free = [new Float32Array(values)];
  }

  async add(tile: Tile, bytes: Uint8Array, square: Square): Promise<void> {
    const { size, batch } = this.workload;
    const at = 3 * size * size * this.tiles.length;
    fill(this.filling, at, bytes, square.width, tile.x - square.left, tile.y - square.top, size);
    this.tiles.push(tile);
    if (this.tiles.length === batch) await this.flush();
  }

  /** Hands over what is there, and waits for the batch before it. */
  async flush(): Promise<void> {
    await this.running;
    if (this.runningBuffer !== null) this.free.push(this.runningBuffer);
    this.runningBuffer = null;
    if (this.tiles.length === 0) return;
    const { tiles, filling } = this;
    this.tiles = [];
    this.runningBuffer = filling;
    this.filling = this.free.pop() as Float32Array;
    this.running = this.run(tiles, filling);
  }

  private async run(tiles: readonly Tile[], tensor: Float32Array): Promise<void> {
    const { ort, session } = this;
    if (session === null) return this.take(tiles, tensor, null);
    const { size } = this.workload;
    const values = tensor.subarray(0, 3 * size * size * tiles.length);
    const input = new ort.Tensor('float32', values, [tiles.length, 3, size, size]);
    const output = await session.run({ [session.inputNames[0] as string]: input });
    const scores = output[session.outputNames[0] as string];
    if (scores === undefined) throw new Error('the model gave no output');
    const columns = (scores.dims[1] ?? 1) as number;
    const firsts = tiles.map((_, i) => scores.data[i * columns] as number);
    this.take(tiles, tensor, firsts);
  }
}

async function make(workload: Workload): Promise<Contender> {
  const { slide, level, size, stride, model, threads } = workload;
  const sharp = loadSharp();
  const ort = loadOrt();
  sharp.cache(false);
  sharp.concurrency(1);
  const session = model === 'none' ? null : await ort.InferenceSession.create(model, { intraOpNumThreads: threads });
  const squares = squaresOf(workload);
  const read = (square: Square | undefined): Promise<Buffer> | undefined =>
    square && sharp(slide, { page: level, limitInputPixels: false }).extract(square).raw().toBuffer();

  async function all(take: ConstructorParameters<typeof Batches>[3]): Promise<number> {
    const batches = new Batches(ort, session, workload, take);
    const ahead = squares.slice(0, AHEAD).map(read);
    let count = 0;
    for (const [i, square] of squares.entries()) {
      const bytes = (await ahead.shift()) as Buffer;
      ahead.push(read(squares[i + AHEAD]));
      for (let y = square.top; y + size <= square.top + square.height; y += stride) {
        for (let x = square.left; x + size <= square.left + square.width; x += stride, count++) {
          await batches.add({ x, y }, bytes, square);
        }
      }
    }
    await batches.flush();
    await batches.flush();
    return count;
  }

  return {
    version: `sharp ${sharp.versions.sharp ?? ''}, libvips ${sharp.versions.vips}, onnxruntime-node ${ort.env.versions.node ?? ''}`,
    async verify() {
      const digest = new TileDigest();
      const scores: { tile: Tile; score: number }[] = [];
      const pixels = size * size;
      const tiles = await all((found, tensor, values) => {
        found.forEach((tile, i) => {
          if (values !== null) scores.push({ tile, score: values[i] as number });
          else digest.add(tile.x, tile.y, denormalise(tensor.subarray(i * 3 * pixels, (i + 1) * 3 * pixels), pixels));
        });
      });
      scores.sort((a, b) => a.tile.y - b.tile.y || a.tile.x - b.tile.x);
      return { tiles, ...(session === null ? { digest: digest.digest() } : { scores: scores.map((s) => s.score) }) };
    },
    pass: () => all(() => undefined),
    close: async () => session?.release(),
  };
}

void serve(make);
