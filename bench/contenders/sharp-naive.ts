/**
 * sharp and onnxruntime-node as one first writes it: for each tile extract, interleaved bytes to a planar tensor in a loop,
 * one call of the model.
 */
import { denormalise, normalise, TileDigest } from '../harness/digest.js';
import { serve, type Contender, type Workload } from '../harness/protocol.js';
import { loadOrt, loadSharp } from './peer-packages.js';

async function make(workload: Workload): Promise<Contender> {
  const { slide, level, size, stride, columns, rows, model, threads } = workload;
  const sharp = loadSharp();
  const ort = loadOrt();
  const session = model === 'none' ? null : await ort.InferenceSession.create(model, { intraOpNumThreads: threads });

  async function* tensors(): AsyncGenerator<{ x: number; y: number; tensor: Float32Array }> {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [x, y] = [column * stride, row * stride];
        const bytes = await sharp(slide, { page: level, limitInputPixels: false })
          .extract({ left: x, top: y, width: size, height: size })
          .removeAlpha()
          .raw()
          .toBuffer();
        yield { x, y, tensor: normalise(bytes, size * size) };
      }
    }
  }

  async function score(tensor: Float32Array): Promise<number> {
    if (session === null) return 0;
    const input = new ort.Tensor('float32', tensor, [1, 3, size, size]);
    const output = await session.run({ [session.inputNames[0] as string]: input });
    return output[session.outputNames[0] as string]?.data[0] as number;
  }

  return {
    version: `sharp ${sharp.versions.sharp ?? ''}, libvips ${sharp.versions.vips}, onnxruntime-node ${ort.env.versions.node ?? ''}`,
    async verify() {
      const digest = new TileDigest();
      const scores: number[] = [];
      for await (const { x, y, tensor } of tensors()) {
        digest.add(x, y, denormalise(tensor, size * size));
        if (session !== null) scores.push(await score(tensor));
      }
      return { tiles: digest.tiles, ...(session === null ? { digest: digest.digest() } : { scores }) };
    },
    async pass() {
      let count = 0;
      for await (const { tensor } of tensors()) {
        await score(tensor);
        count++;
      }
      return count;
    },
    close: async () => session?.release(),
  };
}

void serve(make);
