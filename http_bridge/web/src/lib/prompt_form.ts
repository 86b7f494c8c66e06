import type { Priority, SubmitRequest } from '@genwatch/client';
import { APP_SYSTEM_PROMPT } from './app_prompt';
import type { PostKind } from './kinds';
import { KIND_LABEL } from './kinds';

/** What can be chosen about thinking; empty: the model's default. */
export type ThinkChoice = '' | 'on' | 'off' | 'low' | 'medium' | 'high';

/** The form of the page Generate, as its fields hold it. An empty field is the model's default. */
export interface PromptForm {
  prompt: string;
  kind: PostKind;
  /** Empty: the server's default. */
  model: string;
  priority: Priority;
  system: string;
  think: ThinkChoice;
  numPredict: string;
  numCtx: string;
  temperature: string;
  topP: string;
  seed: string;
  /** A string in each line. */
  stop: string;
}

export function emptyForm(): PromptForm {
  return {
    prompt: '',
    kind: 'prompt',
    model: '',
    priority: 'normal',
    system: '',
    think: '',
    numPredict: '',
    numCtx: '',
    temperature: '',
    topP: '',
    seed: '',
    stop: '',
  };
}

/** The names of fields as the server calls them when it refuses one. */
export const FIELD_NAMES: Readonly<Record<keyof PromptForm, string>> = {
  prompt: 'prompt',
  kind: 'labels.kind',
  model: 'model',
  priority: 'priority',
  system: 'system',
  think: 'think',
  numPredict: 'options.num_predict',
  numCtx: 'options.num_ctx',
  temperature: 'options.temperature',
  topP: 'options.top_p',
  seed: 'options.seed',
  stop: 'options.stop',
};

export type Field = keyof PromptForm;

/** The field that the server means, also by one part of it ("options.stop[2]"); null: none of ours. */
export function fieldOf(name: string): Field | null {
  const plain = name.replace(/\[\d+\]$/, '').replace(/^spec\./, '');
  const found = Object.entries(FIELD_NAMES).find(([, wire]) => wire === plain);
  return found === undefined ? null : (found[0] as Field);
}

/** Bounds of the server; `whole`: no fraction. */
export const NUMBER_FIELDS = {
  numPredict: { low: 1, high: 10_000_000, whole: true },
  numCtx: { low: 1, high: 10_000_000, whole: true },
  temperature: { low: 0, high: 10, whole: false },
  topP: { low: 0, high: 1, whole: false },
  seed: { low: -2_147_483_648, high: 2_147_483_647, whole: true },
} as const;

export type NumberField = keyof typeof NUMBER_FIELDS;

export const NUMBER_FIELD_NAMES = Object.keys(NUMBER_FIELDS) as NumberField[];

/** The server's limits; kept here to spare the reader a refusal. */
export const MAX_PROMPT_BYTES = 64 * 1024;
const MAX_STOPS = 8;
const MAX_STOP_BYTES = 256;

export type Fault =
  | { readonly fault: 'number' | 'whole'; readonly low: number; readonly high: number }
  | { readonly fault: 'tooLong'; readonly bytes: number; readonly most: number }
  | { readonly fault: 'stops'; readonly most: number }
  | { readonly fault: 'stopTooLong'; readonly most: number };

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** Null: it is empty, or no number. */
function numberOf(text: string): number | null {
  // People write decimals as their language does.
  const plain = text.trim().replace(',', '.');
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(plain)) return null;
  return Number(plain);
}

export function stopsOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** What the model is told about its part: an app's instructions come first. */
export function systemOf(form: PromptForm): string {
  if (form.kind !== 'app') return form.system;
  return form.system.trim() === ''
    ? APP_SYSTEM_PROMPT
    : `${APP_SYSTEM_PROMPT}\n\n${form.system.trim()}`;
}

/** UTF-8 bytes of all that is sent to the model. */
export function promptBytes(form: PromptForm): number {
  return bytesOf(form.prompt) + bytesOf(systemOf(form));
}

/** What is wrong with a form before it is sent, by field. A blank prompt is no fault: it is not sent. */
export function faultsOf(form: PromptForm): Partial<Record<Field, Fault>> {
  const faults: Partial<Record<Field, Fault>> = {};
  const bytes = promptBytes(form);
  if (bytes > MAX_PROMPT_BYTES) {
    faults.prompt = { fault: 'tooLong', bytes, most: MAX_PROMPT_BYTES };
  }
  for (const field of NUMBER_FIELD_NAMES) {
    const text = form[field].trim();
    if (text === '') continue;
    const { low, high, whole } = NUMBER_FIELDS[field];
    const number = numberOf(text);
    const fits = number !== null && number >= low && number <= high;
    if (!fits || (whole && !Number.isInteger(number))) {
      faults[field] = { fault: whole ? 'whole' : 'number', low, high };
    }
  }
  const stops = stopsOf(form.stop);
  if (stops.length > MAX_STOPS) faults.stop = { fault: 'stops', most: MAX_STOPS };
  else if (stops.some((stop) => bytesOf(stop) > MAX_STOP_BYTES)) {
    faults.stop = { fault: 'stopTooLong', most: MAX_STOP_BYTES };
  }
  return faults;
}

export function thinkOf(choice: ThinkChoice): SubmitRequest['think'] {
  if (choice === '') return undefined;
  return choice === 'on' || choice === 'off' ? choice === 'on' : choice;
}

/** Of a form without faults. */
export function requestOf(form: PromptForm, requestId: string): SubmitRequest {
  const number = (field: NumberField): number | undefined => numberOf(form[field]) ?? undefined;
  const stops = stopsOf(form.stop);
  const options = {
    num_predict: number('numPredict'),
    num_ctx: number('numCtx'),
    temperature: number('temperature'),
    top_p: number('topP'),
    seed: number('seed'),
    stop: stops.length > 0 ? stops : undefined,
  };
  return {
    prompt: form.prompt,
    model: form.model,
    priority: form.priority,
    requestId,
    system: systemOf(form),
    think: thinkOf(form.think),
    labels: { [KIND_LABEL]: form.kind },
    ...(Object.values(options).some((value) => value !== undefined) && { options }),
  };
}

/** A form that was written down, or as much of it as makes sense. */
export function readForm(value: unknown): PromptForm {
  const form = emptyForm();
  if (typeof value !== 'object' || value === null) return form;
  for (const key of Object.keys(form) as Field[]) {
    const stored = (value as Record<string, unknown>)[key];
    if (typeof stored === 'string') Object.assign(form, { [key]: stored });
  }
  if (form.kind !== 'app') form.kind = 'prompt';
  if (form.priority !== 'low' && form.priority !== 'high') form.priority = 'normal';
  if (!['', 'on', 'off', 'low', 'medium', 'high'].includes(form.think)) form.think = '';
  return form;
}
