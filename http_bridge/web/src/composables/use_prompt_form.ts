import type { ApiError } from '@genwatch/client';
import { newRequestId, submitJob, toApiError } from '@genwatch/client';
import type { ComputedRef, Reactive, Ref } from 'vue';
import { computed, reactive, ref, shallowRef, watch } from 'vue';
import type { Fault, Field, PromptForm } from '../lib/prompt_form';
import { emptyForm, faultsOf, fieldOf, readForm, requestOf } from '../lib/prompt_form';

const KEY = 'genwatch.draft';

/** What is being written survives a reload of the page; the tab's end forgets it. */
interface Draft {
  readonly form: PromptForm;
  /** Of the submit that may have been under way. */
  readonly requestId: string;
}

function readDraft(): Draft {
  try {
    const stored = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Partial<Draft> | null;
    const requestId = typeof stored?.requestId === 'string' ? stored.requestId : newRequestId();
    return { form: readForm(stored?.form), requestId };
  } catch {
    return { form: emptyForm(), requestId: newRequestId() };
  }
}

function writeDraft(draft: Draft): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // Storage is full or forbidden: then a reload forgets the draft, and nothing else is lost.
  }
}

/** What the page Generate begins with when it is opened next. */
export function saveDraft(changes: Partial<PromptForm>): void {
  const form = { ...readDraft().form, ...changes };
  writeDraft({ form, requestId: newRequestId() });
}

/** What is wrong with one field: found here, or said by the server. */
export type FieldError = Fault | { readonly fault: 'server'; readonly words: string };

export interface UsePromptForm {
  readonly form: Reactive<PromptForm>;
  readonly submitting: Readonly<Ref<boolean>>;
  /** Why the last submit was refused; what belongs to a field stands in `errors` as well. */
  readonly refused: Readonly<Ref<ApiError | null>>;
  readonly errors: ComputedRef<Partial<Record<Field, FieldError>>>;
  readonly canSubmit: ComputedRef<boolean>;
  /** Answers the id of the new job; null where there is none. */
  readonly submit: () => Promise<string | null>;
  readonly clear: () => void;
}

export function usePromptForm(): UsePromptForm {
  const draft = readDraft();
  const form = reactive(draft.form);
  let requestId = draft.requestId;
  const submitting = ref(false);
  const refused = shallowRef<ApiError | null>(null);
  /** What the server said, until the field is changed. */
  const said = ref<Partial<Record<Field, string>>>({});

  watch(
    () => ({ ...form }),
    (now, before) => {
      // What is changed is another request.
      requestId = newRequestId();
      const changed = (Object.keys(now) as Field[]).filter((field) => now[field] !== before[field]);
      said.value = Object.fromEntries(
        Object.entries(said.value).filter(([field]) => !changed.includes(field as Field)),
      );
      writeDraft({ form: { ...form }, requestId });
    },
    // Before anything can be submitted under the old id.
    { flush: 'sync' },
  );

  const errors = computed(() => ({
    ...Object.fromEntries(
      Object.entries(said.value).map(([field, words]) => [field, { fault: 'server', words }]),
    ),
    ...faultsOf(form),
  }));
  const canSubmit = computed(
    () =>
      form.prompt.trim() !== '' && !submitting.value && Object.keys(faultsOf(form)).length === 0,
  );

  const submit = async (): Promise<string | null> => {
    if (!canSubmit.value) return null;
    submitting.value = true;
    refused.value = null;
    said.value = {};
    // A reload while the answer is on its way must not make a second job.
    writeDraft({ form: { ...form }, requestId });
    try {
      const jobId = await submitJob(requestOf(form, requestId));
      form.prompt = '';
      return jobId;
    } catch (thrown) {
      const error = toApiError(thrown);
      refused.value = error;
      said.value = Object.fromEntries(
        error.violations.flatMap(({ field, description }) => {
          const own = fieldOf(field);
          return own === null ? [] : [[own, description]];
        }),
      );
      return null;
    } finally {
      submitting.value = false;
    }
  };

  const clear = (): void => {
    Object.assign(form, { ...emptyForm(), prompt: form.prompt, kind: form.kind });
  };

  return { form, submitting, refused, errors, canSubmit, submit, clear };
}
