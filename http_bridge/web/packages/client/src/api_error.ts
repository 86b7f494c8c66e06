import type { JsonObject } from './decode';
import { asArray, asObject, asString, asText, parseObject } from './decode';

export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** A request that was not answered with success. `message` is a sentence for people. */
export class ApiError extends Error {
  /** HTTP status; 0 where no answer came at all. */
  readonly status: number;
  /** A stable UPPER_SNAKE word, or empty. */
  readonly reason: string;
  readonly violations: readonly FieldViolation[];

  constructor(
    message: string,
    status: number,
    reason = '',
    violations: readonly FieldViolation[] = [],
  ) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
    this.violations = violations;
  }
}

const STATUS_SENTENCES: Readonly<Record<number, string>> = {
  0: 'The server does not answer.',
  401: 'You are not signed in.',
  404: 'There is nothing under this address.',
  413: 'The request is too large.',
  429: 'Too many requests. Try again in a moment.',
  502: 'The server is starting or has stopped.',
  503: 'The server cannot take this now. Try again in a moment.',
  504: 'The server took too long to answer.',
};

function statusSentence(status: number): string {
  return STATUS_SENTENCES[status] ?? `The server answered with an error (HTTP ${status}).`;
}

/**
 * Reads both shapes of errors: `{"error", "code", "field_violations"}` of the old routes, and
 * `{"code", "message", "details"}` of the gateway.
 */
export function parseApiError(status: number, body: string): ApiError {
  const json = parseObject(body) ?? {};
  const details = asArray(json['details']).map((detail) => asObject(detail) ?? {});
  const message = asText(json['error']) ?? asText(json['message']) ?? statusSentence(status);
  const reason = asText(json['code']) ?? reasonOf(details);
  const violations = [json, ...details].flatMap(violationsOf);
  return new ApiError(message, status, reason, violations);
}

function reasonOf(details: readonly JsonObject[]): string {
  for (const detail of details) {
    const reason = asText(detail['reason']);
    if (reason !== undefined) return reason;
  }
  return '';
}

function violationsOf(json: JsonObject): FieldViolation[] {
  return asArray(json['field_violations'])
    .map((violation) => asObject(violation) ?? {})
    .map((violation) => ({
      field: asString(violation['field']) ?? '',
      description: asString(violation['description']) ?? '',
    }))
    .filter((violation) => violation.description !== '');
}

/** Whatever was thrown, as an ApiError. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError(statusSentence(0), 0);
}
