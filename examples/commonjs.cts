// Scores one slide from a CommonJS program, where `await` works in functions only.
// node commonjs.cts slide.tif
const { scoreSlide } = require('microtome') as typeof import('microtome');

async function main([path]: readonly string[]): Promise<void> {
  if (path === undefined) throw new Error('usage: commonjs.cts SLIDE');
  const { score, tileCount } = await scoreSlide(path, { model: 'demo' });
  console.log(`${path}: ${score.toFixed(3)} from ${tileCount} tiles`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
