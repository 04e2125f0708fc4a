/** Contenders as the driver meets them: processes that answer, die, or say why they cannot. */
import { describe, expect, it } from 'vitest';
import { ContenderError, Session } from '../../bench/harness/session.js';

const contender = (script: string) => ({ program: process.execPath, args: ['-e', script] });

const answering = `
  console.log('a library says hello');
  console.log(JSON.stringify({ ready: true, version: '1.2' }));
  require('node:readline').createInterface({ input: process.stdin }).on('line', (word) => {
    if (word === 'verify') console.log(JSON.stringify({ tiles: 3, digest: 'abc' }));
    if (word === 'run') console.log(JSON.stringify({ tiles: 3, wallMs: 2, cpuMs: 1 }));
    if (word === 'end') { console.log(JSON.stringify({ peakRssKib: 7 })); process.exit(0); }
  });`;

describe('a session', () => {
  it('asks and is answered', async () => {
    const session = await Session.start('good', contender(answering));
    expect(session.version).toBe('1.2');
    expect(await session.verify()).toEqual({ tiles: 3, digest: 'abc' });
    expect(await session.run()).toEqual({ tiles: 3, wallMs: 2, cpuMs: 1 });
    expect(await session.end()).toEqual({ peakRssKib: 7 });
  });

  it.each([
    [`console.log(JSON.stringify({ ready: false, reason: 'no such library' }))`, 'no such library'],
    [`console.error('it broke'); process.exit(3)`, 'it broke'],
    [`process.exit(0)`, 'it said nothing'],
  ])('says why there is none: %s', async (script, reason) => {
    await expect(Session.start('bad', contender(script))).rejects.toThrow(ContenderError);
    await expect(Session.start('bad', contender(script))).rejects.toThrow(reason);
  });

  it('a program that is not there is a reason, too', async () => {
    await expect(Session.start('none', { program: '/nonexistent/program', args: [] })).rejects.toThrow('ENOENT');
  });

  it('a contender that dies in a pass fails that pass', async () => {
    const dying = answering.replace(`if (word === 'run')`, `if (word === 'run') process.exit(9); else if (false)`);
    const session = await Session.start('dying', contender(dying));
    await session.verify();
    await expect(session.run()).rejects.toThrow('dying ended');
  });
});
