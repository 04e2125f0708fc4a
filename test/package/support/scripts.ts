// Scripts that consumers run. Each answers through process.send and prints nothing.

/** Scores argv[2] with the built-in demonstration model. */
export const scoreScript = `
import { scoreSlide } from 'microtome';
const result = await scoreSlide(process.argv[2], { model: 'demo' });
process.send({ score: result.score, warnings: result.warnings });
`;

/** Does both jobs in the order of argv[3]: 'ours-first' or 'theirs-first'; each job twice, so that both live on. */
const bothScript = (theirs: string): string => `
const ours = async () => {
  const { scoreSlide } = await import('microtome');
  return (await scoreSlide(process.argv[2], { model: 'demo' })).score;
};
const theirs = async () => {${theirs}};
const jobs = process.argv[3] === 'ours-first' ? [ours, theirs, ours, theirs] : [theirs, ours, theirs, ours];
const answers = { ours: [], theirs: [] };
for (const job of jobs) (job === ours ? answers.ours : answers.theirs).push(await job());
process.send(answers);
`;

/** sharp makes a 40 x 30 image and reads it back: answers its size and its first pixel. */
export const besideSharpScript = bothScript(`
  const { default: sharp } = await import('sharp');
  const create = { width: 80, height: 60, channels: 3, background: { r: 10, g: 120, b: 240 } };
  const png = await sharp({ create }).resize(40, 30).tiff({ compression: 'deflate' }).toBuffer();
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return [info.width, info.height, data[0], data[1], data[2]];
`);

/** onnxruntime-node runs argv[4], an identity model of four floats: answers what came out. */
export const besideOnnxRuntimeScript = bothScript(`
  const { default: ort } = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(process.argv[4]);
  const x = new ort.Tensor('float32', Float32Array.of(1, 2.5, -3, 4), [4]);
  return [...(await session.run({ x })).y.data];
`);
