/** Pods, wherever they are in an object: containers, mounts, rights, variables, resources. */
import { checkAnnotations, checkLabelName, checkLabels, checkQuantity, checkSubdomainName } from './names.js';
import { shown, type Part } from './part.js';

/** `template`: `metadata` and `spec`. `main`: the container that the controller looks for, where it looks for one. */
export function checkPodTemplate(template: Part, main?: string): void {
  if (!template.isThere()) return;
  checkLabels(template.at('metadata.labels'));
  checkAnnotations(template.at('metadata.annotations'));
  checkPod(template.get('spec'), main);
}

/** A pod's spec, or what has its fields, such as a predictor. */
export function checkPod(pod: Part, main?: string): void {
  if (!pod.isThere()) return;
  const containers = pod.get('containers');
  if (containers.items.length === 0) {
    containers.error(main === undefined ? 'shape' : 'container-missing', `has no container${nameText(main)}`);
    return;
  }
  const names = containers.items.map((container) => container.get('name').text);
  if (main !== undefined && !names.includes(main))
    containers.error('container-missing', `has no container${nameText(main)}`);
  pod.get('restartPolicy').choice(['Always', 'OnFailure', 'Never']);
  const volumes = checkVolumes(pod.get('volumes'));
  for (const list of [pod.get('initContainers'), containers])
    for (const container of list.items) checkContainer(container, { pod, volumes });
}

const nameText = (main: string | undefined): string => (main === undefined ? '' : ` with the name ${main}`);

function checkVolumes(list: Part): ReadonlySet<string> {
  const names = new Set<string>();
  for (const volume of list.items) {
    const name = volume.get('name');
    checkLabelName(name);
    if (names.has(name.text ?? '')) name.error('mount', `is the name of two volumes: ${shown(name.value)}`);
    names.add(name.text ?? '');
    const claim = volume.at('persistentVolumeClaim.claimName');
    if (volume.get('persistentVolumeClaim').isGiven) checkSubdomainName(claim);
    if (volume.get('secret').isGiven) checkSubdomainName(volume.at('secret.secretName'));
    checkQuantity(volume.at('emptyDir.sizeLimit'));
  }
  return names;
}

interface Around {
  readonly pod: Part;
  readonly volumes: ReadonlySet<string>;
}

function checkContainer(container: Part, { pod, volumes }: Around): void {
  checkLabelName(container.get('name'));
  checkImage(container.get('image'));
  container.get('imagePullPolicy').choice(['Always', 'IfNotPresent', 'Never']);
  checkMounts(container.get('volumeMounts'), volumes);
  checkEnv(container.get('env'));
  checkResources(container.get('resources'));
  checkRights(container.get('securityContext'), pod.get('securityContext'));
}

/** Also for an image that stands alone, as in a TrainJob. */
export function checkImage(image: Part): void {
  if (!image.isThere()) return;
  const text = image.text ?? '';
  if (text === '' || /\s/.test(text)) {
    image.error('image', `is ${shown(image.value)}, expected a name with a tag or a digest`);
    return;
  }
  if (text.includes('@sha256:')) return;
  const tag = /:([\w][\w.-]*)$/.exec(text)?.[1];
  if (tag === undefined || tag === 'latest')
    image.error('image', `${shown(text)} means another image every day; name a tag other than latest, or a digest`);
}

function checkMounts(list: Part, volumes: ReadonlySet<string>): void {
  const places = new Set<string>();
  for (const mount of list.items) {
    const [name, place] = [mount.get('name').text ?? '', mount.get('mountPath')];
    if (!volumes.has(name)) mount.error('mount', `mounts ${shown(name)}, and the pod has no volume of that name`);
    const path = place.text ?? '';
    if (!path.startsWith('/') || path.includes(':') || path.split('/').includes('..'))
      place.error('mount', `is ${shown(place.value)}, expected an absolute path without a colon and without ..`);
    else if (places.has(path)) place.error('mount', `is the place of two mounts: ${shown(path)}`);
    places.add(path);
    const inside = mount.get('subPath').text ?? '';
    if (inside.startsWith('/') || inside.split('/').includes('..'))
      mount.get('subPath').error('mount', `is ${shown(inside)}, expected a path inside the volume`);
  }
}

/** Variables of a container, or of the trainer of a TrainJob. */
export function checkEnv(list: Part): void {
  const names = new Set<string>();
  for (const variable of list.items) {
    const name = variable.get('name');
    const text = name.text ?? '';
    if (!/^[A-Za-z_.-][\w.-]*$/.test(text))
      name.error('env-name', `is ${shown(name.value)}, expected letters, digits and underscores`);
    else if (names.has(text)) name.error('env-name', `${shown(text)} is there twice`);
    names.add(text);
    const value = variable.get('value');
    if (value.isGiven && value.text === undefined) value.error('shape', `is ${typeof value.value}, expected text`);
    if (value.isGiven && variable.get('valueFrom').isGiven) variable.error('shape', 'has value and valueFrom');
    const secret = variable.at('valueFrom.secretKeyRef');
    if (!secret.isGiven) continue;
    checkSubdomainName(secret.get('name'));
    if (!/^[\w.-]+$/.test(secret.get('key').text ?? ''))
      secret.get('key').error('shape', `is ${shown(secret.get('key').value)}, expected a key of the Secret`);
  }
}

/** Limits and requests. */
export function checkResources(resources: Part): void {
  for (const list of [resources.get('limits'), resources.get('requests')])
    for (const [, amount] of list.entries) checkQuantity(amount);
  // What a node cannot share out in parts: the API server refuses a request that is not the limit.
  for (const [name, amount] of resources.get('requests').entries) {
    if (!name.includes('/')) continue;
    const limit = resources.get('limits').get(name);
    if (String(limit.value) !== String(amount.value))
      amount.error(
        'quantity',
        `is ${shown(amount.value)} and the limit is ${shown(limit.value)}; for ${name} they must be equal`,
      );
  }
}

function checkRights(own: Part, ofPod: Part): void {
  const user = own.get('runAsUser').isGiven ? own.get('runAsUser') : ofPod.get('runAsUser');
  if (user.number === 0) user.error('root', 'is 0, the user root');
  const isForced = own.get('runAsNonRoot').value === true || ofPod.get('runAsNonRoot').value === true;
  if (!isForced) own.error('root', 'does not say runAsNonRoot: true, and neither does the pod');
  if (own.get('privileged').value === true) own.get('privileged').error('root', 'is true');
  const gain = own.get('allowPrivilegeEscalation');
  if (gain.value !== false) gain.error('root', `is ${shown(gain.value)}, expected false`);
  for (const added of own.at('capabilities.add').items) added.error('root', `adds a right: ${shown(added.value)}`);
}
