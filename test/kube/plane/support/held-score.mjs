// node --import held-score.mjs …/dist/cli/main.js score …: shards of a scoring image that are held once, or always killed.
//
// HELD_SHARDS is JSON: { folder, held, dying }. A shard of `held` writes `folder`/INDEX when its first row is on disk and waits
// until somebody ends it; what comes after it finds that file and goes on. A shard of `dying` is killed at its start each time,
// as one whose memory is never enough.
import { existsSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

const { folder, held, dying } = JSON.parse(process.env.HELD_SHARDS ?? '{}');
const index = Number(process.env.JOB_COMPLETION_INDEX ?? -1);
if (dying.includes(index)) process.kill(process.pid, 'SIGKILL');

const file = join(folder, String(index));
if (held.includes(index) && !existsSync(file)) {
  const handle = await open('/dev/null');
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  const whole = prototype.datasync;
  // The journal syncs after each row, and nothing else does.
  prototype.datasync = async function () {
    await whole.call(this);
    writeFileSync(file, '');
    setInterval(() => {}, 1000);
    await new Promise(() => {});
  };
}
