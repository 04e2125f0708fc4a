// node scripts/scale/simulate.mjs: prints the tables of docs/scale-out.md. Needs `npm run build` first.
import { assignBySize } from '../../dist/shards/assignment.js';
import { main } from '../steps/run.mjs';
import { report } from './model.mjs';

main(async () => process.stdout.write(`${await report(assignBySize)}\n`));
