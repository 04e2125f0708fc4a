/** KServe's InferenceService: the rules of its webhook. */
import { checkLabelName } from './names.js';
import { shown, type Part } from './part.js';
import { checkEnv, checkPod, checkResources } from './pods.js';

const kFrameworks = [
  'sklearn',
  'xgboost',
  'tensorflow',
  'pytorch',
  'triton',
  'onnx',
  'huggingface',
  'pmml',
  'lightgbm',
  'paddle',
];
/** Addresses that KServe's storage initializer reads. */
const kSchemes = /^(?:s3|gs|hf|https?|pvc|oci|hdfs|webhdfs|file|abfss?):\/\/[^\s]+$/;

export function checkInferenceService(service: Part): void {
  checkLabelName(service.at('metadata.name'), {
    longest: (name) => `${name}-predictor`,
    what: 'the name of the service',
    isService: true,
  });
  const predictor = service.at('spec.predictor');
  if (!predictor.isThere()) return;
  const chosen = ['model', 'containers', ...kFrameworks].filter((name) => predictor.get(name).isGiven);
  if (chosen.length !== 1)
    predictor.error(
      'predictor',
      `has ${chosen.length === 0 ? 'no model and no containers' : chosen.join(' and ')}, expected one of them`,
    );
  if (predictor.get('containers').isGiven) checkPod(predictor, 'kserve-container');
  if (predictor.get('model').isGiven) checkModel(predictor.get('model'));
  predictor.get('minReplicas').integer(0);
  predictor.get('maxReplicas').integer(1);
  predictor.get('timeout').integer(1);
  predictor.get('containerConcurrency').integer(0);
  const [min, max] = [predictor.get('minReplicas'), predictor.get('maxReplicas')];
  if (max.isGiven && (min.number ?? 1) > (max.number ?? 0))
    max.error('predictor', `is ${shown(max.value)}, less than minReplicas, ${min.number ?? 1}`);
}

function checkModel(model: Part): void {
  if (model.get('name').isGiven) model.get('name').error('predictor', 'must be left out');
  if ((model.at('modelFormat.name').text ?? '') === '') model.at('modelFormat.name').error('predictor', 'is missing');
  model.get('protocolVersion').choice(['v1', 'v2', 'grpc-v1', 'grpc-v2']);
  const uri = model.get('storageUri');
  if (uri.isGiven && !kSchemes.test(uri.text ?? ''))
    uri.error(
      'storage-uri',
      `is ${shown(uri.value)}, expected an address such as pvc://claim/folder or s3://bucket/folder`,
    );
  checkEnv(model.get('env'));
  checkResources(model.get('resources'));
}
