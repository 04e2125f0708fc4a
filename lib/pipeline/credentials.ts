/** No credential stands in a pipeline or among the parameters of its runs: Kubeflow Pipelines shows both to everybody. */
import { MicrotomeError } from '../core/errors.js';
import { isSecretFlag, looksLikeCredential } from '../kube/checks/credential-words.js';
import { credentialProblems } from '../kube/checks/credentials.js';
import type { PipelineIr } from './ir/types.js';

const advice = 'put it into a Secret, and name that: download.secret';

/** By its form, or by the name of the parameter. Names such as run_key say nothing here. */
function isCredential(name: string, value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return looksLikeCredential(text) || (typeof value === 'string' && isSecretFlag(name, text));
}

/** Every place of a pipeline that has a credential, without the credential. */
export function pipelineCredentials({ specification, kubernetes }: PipelineIr): readonly string[] {
  const found = credentialProblems({ ...specification, kubernetes }).map(({ path, message }) => `${path}: ${message}`);
  for (const [name, { defaultValue }] of Object.entries(specification.root.inputDefinitions?.parameters ?? {}))
    if (isCredential(name, defaultValue) && !looksLikeCredential(name))
      found.push(`root.inputDefinitions.parameters.${name}: its default is a credential; ${advice}`);
  for (const [task, { inputs }] of Object.entries(specification.root.dag.tasks))
    for (const [name, { runtimeValue }] of Object.entries(inputs?.parameters ?? {}))
      if (isCredential(name, runtimeValue?.constant) && !looksLikeCredential(name))
        found.push(`root.dag.tasks.${task}.inputs.parameters.${name}: is a credential; ${advice}`);
  return found;
}

/** Throws INVALID_OPTION for a parameter of a run that is a credential. */
export function refuseCredentials(parameters: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(parameters))
    if (isCredential(name, value))
      throw new MicrotomeError('INVALID_OPTION', 'options', `the parameter ${name} is a credential`, { advice });
}
