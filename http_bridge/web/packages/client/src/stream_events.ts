import type { JsonObject } from './decode';
import { asAmount, asString, asText, parseObject } from './decode';
import type { SnapshotPatch } from './snapshot';
import { parseSnapshot } from './snapshot';
import type { Channel } from './states';
import type { TextPiece } from './text_assembly';

/** What the server tells on a job's stream. */
export type StreamEvent =
  | { readonly kind: 'snapshot'; readonly patch: SnapshotPatch }
  /** Nothing follows: the job has ended, in the state that the patch says. */
  | { readonly kind: 'ended'; readonly patch: SnapshotPatch }
  /** There is no such job, or it is somebody else's. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'text'; readonly channel: Channel; readonly piece: TextPiece }
  | { readonly kind: 'reset'; readonly channel: Channel; readonly offset: number }
  /** The server itself heard nothing about the job for minutes. */
  | { readonly kind: 'silence' };

export type StreamEventName = 'progress' | 'complete' | 'error' | 'timeout' | 'text' | 'reset';

export const STREAM_EVENT_NAMES: readonly StreamEventName[] = [
  'progress',
  'complete',
  'error',
  'timeout',
  'text',
  'reset',
];

const channelOf = (raw: unknown): Channel => (raw === 'thinking' ? 'thinking' : 'answer');

/** An event, and what is said beside it on a stream of several jobs. */
export interface StreamMessage {
  readonly event: StreamEvent;
  /** Null: it is about the stream. */
  readonly jobId: string | null;
  /** Where a watcher stands who has taken the event in; null: where it stood before. */
  readonly cursor: string | null;
}

/** Null for names that are not known here, and as `parseStreamEvent`. */
export function parseStreamMessage(name: string, data: string): StreamMessage | null {
  if (!isKnown(name)) return null;
  // What is nonsense is not even an error: only words of the server end a job.
  const json = parseObject(data);
  if (json === undefined) return null;
  const event = readEvent(name, json);
  if (event === null) return null;
  return { event, jobId: asText(json['job_id']) ?? null, cursor: asText(json['cursor']) ?? null };
}

/** Null for data that is not what the event promises; such an event is passed over. */
export function parseStreamEvent(name: StreamEventName, data: string): StreamEvent | null {
  return parseStreamMessage(name, data)?.event ?? null;
}

function isKnown(name: string): name is StreamEventName {
  return (STREAM_EVENT_NAMES as readonly string[]).includes(name);
}

function readEvent(name: StreamEventName, json: JsonObject): StreamEvent | null {
  switch (name) {
    case 'timeout':
      return { kind: 'silence' };
    case 'progress':
      return { kind: 'snapshot', patch: parseSnapshot(json) };
    case 'complete':
      return { kind: 'ended', patch: { ...parseSnapshot(json), state: 'completed', percent: 100 } };
    case 'error': {
      // An ended job has a status; without one the error is about the request.
      if (asText(json['status']) === undefined) {
        return asText(json['error']) === undefined ? null : { kind: 'missing' };
      }
      const patch = parseSnapshot(json);
      return { kind: 'ended', patch: { ...patch, state: patch.state ?? 'failed' } };
    }
    case 'text': {
      const offset = asAmount(json['text_offset']);
      const end = asAmount(json['text_end']);
      const text = asString(json['text']);
      if (offset === undefined || end === undefined || text === undefined) return null;
      const attempt = asAmount(json['attempt']) ?? 0;
      return {
        kind: 'text',
        channel: channelOf(json['channel']),
        piece: { attempt, offset, end, text },
      };
    }
    case 'reset':
      return {
        kind: 'reset',
        channel: channelOf(json['channel']),
        offset: asAmount(json['text_offset']) ?? 0,
      };
  }
}
