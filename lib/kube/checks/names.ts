/** The forms of names, labels and quantities in Kubernetes. */
import { shown, type Part } from './part.js';

/** RFC 1035: also the name of a service, so what becomes one has this form. */
const kServiceName = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
/** RFC 1123: may begin with a digit. */
const kLabelName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** RFC 1123, with dots. */
const kSubdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const kLabelPart = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const kQuantity = /^\+?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;

interface NameForm {
  /** What a controller makes of the name; that must be no longer than 63 characters either. */
  readonly longest?: (name: string) => string;
  /** What that is, for the message. */
  readonly what?: string;
  /** The name becomes that of a service. */
  readonly isService?: boolean;
}

/** A name of at most 63 characters without dots. */
export function checkLabelName(
  name: Part,
  { longest = (text) => text, what = 'the name', isService = false }: NameForm = {},
): void {
  const text = name.text;
  if (text === undefined || text === '') {
    name.error('name', 'is missing');
    return;
  }
  if (!(isService ? kServiceName : kLabelName).test(text)) {
    const start = isService ? 'beginning with a letter and not ending with a dash' : 'with no dash at either end';
    name.error('name', `is ${shown(text)}, expected lower-case letters, digits and dashes, ${start}`);
    return;
  }
  const made = longest(text);
  if (made.length <= 63) return;
  const room = 63 - (made.length - text.length);
  const advice = room > 0 ? `use at most ${room}` : 'use fewer';
  const found = `has ${text.length} characters; ${what} would have ${made.length}, at most 63 are allowed`;
  name.error('name-too-long', `${found}; ${advice}`);
}

/** The name of an object that is no label: a claim, a Secret. */
export function checkSubdomainName(name: Part): void {
  const text = name.text ?? '';
  if (text.length > 253) name.error('name-too-long', `has ${text.length} characters, at most 253 are allowed`);
  else if (!kSubdomain.test(text))
    name.error('name', `is ${shown(name.value)}, expected lower-case letters, digits, dashes and dots`);
}

export function checkLabels(labels: Part): void {
  for (const [key, value] of labels.entries) {
    const [name = '', prefix, ...more] = key.split('/').reverse();
    const isPrefixed = prefix === undefined || (kSubdomain.test(prefix) && prefix.length <= 253);
    if (more.length > 0 || !isPrefixed || name === '' || name.length > 63 || !kLabelPart.test(name))
      labels.error('label', `has the key ${shown(key)}, which is no key of a label`);
    const text = value.text;
    if (text === undefined || text.length > 63 || !kLabelPart.test(text))
      value.error(
        'label',
        `is ${shown(value.value)}, expected at most 63 letters, digits, dashes, dots and underscores`,
      );
  }
}

export function checkAnnotations(annotations: Part): void {
  for (const [, value] of annotations.entries)
    if (value.text === undefined) value.error('shape', `is ${shown(value.value)}, expected text`);
}

export function checkQuantity(amount: Part): void {
  if (!amount.isGiven) return;
  if (!kQuantity.test(String(amount.value)))
    amount.error('quantity', `is ${shown(amount.value)}, expected a quantity such as 2, 500m or 8Gi`);
}
