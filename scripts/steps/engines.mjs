// The engines that start shards in tests: Slurm from Debian, Nextflow from Maven's central repository.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './paths.mjs';
import { outputOf, run, step } from './run.mjs';

const slurmPackages = ['slurm-wlm', 'munge'];
const slurmPrograms = ['slurmctld', 'slurmd', 'munged', 'sbatch', 'scontrol'];

async function missingPrograms(programs) {
  const found = await Promise.all(programs.map((name) => outputOf('sh', ['-c', `command -v ${name}`])));
  return programs.filter((_, i) => found[i] === null);
}

/** Why there is no Slurm to test with; null: there is. Installs it where that is allowed. */
export async function slurmProblem() {
  const missing = await missingPrograms(slurmPrograms);
  if (process.getuid?.() !== 0) return 'Slurm runs jobs as root here, and this is another user';
  if (missing.length === 0) return null;
  if ((await missingPrograms(['apt-get'])).length > 0)
    return `no ${missing.join(', ')}, and no apt-get to install them`;
  const apt = (words) =>
    run('apt-get', words, { quiet: true, allowFailure: true, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  await step('apt-get install of Slurm', async () => {
    await apt(['update', '-qq']);
    await apt(['install', '-y', '-qq', '--no-install-recommends', ...slurmPackages]);
  });
  const still = await missingPrograms(slurmPrograms);
  return still.length === 0 ? null : `no ${still.join(', ')}: apt-get could not install ${slurmPackages.join(' ')}`;
}

/** The last version whose every part is in Maven's central repository. */
const nextflowVersion = '23.10.1';

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>microtome.test</groupId><artifactId>nextflow</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.nextflow</groupId><artifactId>nextflow</artifactId><version>${nextflowVersion}</version></dependency>
  </dependencies>
</project>
`;

/** Groovy looks into these packages of Java. */
const opened = [
  ...['java.io', 'java.lang', 'java.net', 'java.nio', 'java.nio.file.spi', 'java.util', 'java.util.regex'],
  ...['java.util.concurrent.atomic', 'java.util.concurrent.locks', 'jdk.internal.misc', 'jdk.internal.vm'],
  ...[
    'sun.net.www.protocol.file',
    'sun.net.www.protocol.http',
    'sun.net.www.protocol.https',
    'sun.nio.ch',
    'sun.nio.fs',
  ],
];

/** How Nextflow is started, as a program and its arguments; or why it cannot be. */
export async function nextflowProgram() {
  const missing = await missingPrograms(['java', 'mvn']);
  if (missing.length > 0) return { program: null, problem: `no ${missing.join(', ')} to fetch and run Nextflow with` };
  const folder = join(cacheDir, `nextflow-${nextflowVersion}`);
  const list = join(folder, 'classpath');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'pom.xml'), pom);
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath';
  const { code, output } = await step(`Maven: Nextflow ${nextflowVersion}`, () =>
    run('mvn', ['-q', '-B', goal, `-Dmdep.outputFile=${list}`], { cwd: folder, quiet: true, allowFailure: true }),
  );
  if (code !== 0) return { program: null, problem: `Maven cannot fetch Nextflow: ${output.trim().split('\n')[0]}` };
  const opens = opened.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`);
  const path = (await readFile(list, 'utf8')).trim();
  return { program: ['java', ...opens, '-cp', path, 'nextflow.cli.Launcher'], problem: null };
}
