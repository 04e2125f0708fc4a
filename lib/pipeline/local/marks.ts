/**
 * Processes of a run that left their process group, such as the workers of torchrun: each has the variable that its
 * step was started with. They are found where the system has /proc; elsewhere none is.
 */
import { readdir, readFile } from 'node:fs/promises';

/** The variable. Its value is the run, a slash, and the program that was started. */
export const markVariable = 'MICROTOME_LOCAL_STEP';

/** Ends all processes whose mark begins so. */
export async function endMarked(beginning: string): Promise<void> {
  const names = await readdir('/proc').catch(() => []);
  const wanted = `\0${markVariable}=${beginning}`;
  for (const name of names.filter((one) => /^\d+$/.test(one) && Number(one) !== process.pid)) {
    // A process of somebody else cannot be read, and one that has ended is not there.
    const variables = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (!`\0${variables}`.includes(wanted)) continue;
    try {
      process.kill(Number(name), 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}
