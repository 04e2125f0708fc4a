// node client.mjs URL IMAGES.hdf5 SUBMISSION.csv: asks the server for the scores of all images, and compares them with the table.
import { readFileSync } from 'node:fs';
import { openImages } from 'microtome';
import { createClient } from 'microtome/client';

const [url, images, table] = process.argv.slice(2);
const rows = readFileSync(table, 'utf8').trim().split('\n').slice(1);
const inTable = new Map(rows.map((row) => row.split(',')));
const file = await openImages(images);
const client = createClient(url);
let most = 0;
for (let at = 0; at < file.names.length; at += 32) {
  const names = file.names.slice(at, at + 32);
  const bytes = await Promise.all(names.map((name) => file.read(name)));
  const { outputs } = await client.inferImages('tutorial', bytes);
  names.forEach((name, i) => {
    most = Math.max(most, Math.abs(outputs.get('target')[i] - Number(inTable.get(name))));
  });
}
await file.close();
console.log(`${inTable.size} images over HTTP; largest difference from the table: ${most.toExponential(1)}`);
// The table has nine decimals.
if (!(most < 5.1e-10)) process.exitCode = 1;
