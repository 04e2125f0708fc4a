// Compiles dump-tiles.ts and the generator of slides that it draws with (demo/slide), where they changed since the last time.
import { compile } from '../../scripts/steps/typescript.mjs';

await compile('demo/tsconfig.json', { book: 'demo', firstOutput: 'build/demo/train/tissue/dump-tiles.js' });
