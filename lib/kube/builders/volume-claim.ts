/** Storage that outlives pods. */
import { checked } from '../checked.js';
import type { VolumeClaim } from '../objects.js';
import { objectOf, type ObjectOptions } from '../run.js';

/** Options of {@link volumeClaim}. */
export interface VolumeClaimOptions extends ObjectOptions {
  /** Such as `8Gi`. */
  readonly size: string;
  /** Left out: the cluster's default class. */
  readonly storageClass?: string | undefined;
  /** `ReadWriteMany` is for pods on several nodes at once. @defaultValue 'ReadWriteMany' */
  readonly accessMode?: 'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOncePod' | undefined;
}

/**
 * A PersistentVolumeClaim. Give it a name where other manifests mount it. Throws INVALID_OPTION.
 *
 * @example
 * ```ts
 * const data = volumeClaim({ run: 'isic-1', name: 'isic-data', size: '8Gi', storageClass: 'standard' });
 * ```
 */
export function volumeClaim(options: VolumeClaimOptions): VolumeClaim {
  const { size, storageClass, accessMode = 'ReadWriteMany' } = options;
  return checked(
    objectOf(options, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      component: 'storage',
      word: 'data',
      spec: {
        accessModes: [accessMode],
        resources: { requests: { storage: size } },
        ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
      },
    }),
  );
}
