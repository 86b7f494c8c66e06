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

/** Null for data that is not what the event promises; such an event is passed over. */
export function parseStreamEvent(name: StreamEventName, data: string): StreamEvent | null {
  if (name === 'timeout') return { kind: 'silence' };
  const json = parseObject(data);
  if (json === undefined) return null;
  switch (name) {
    case 'progress':
      return { kind: 'snapshot', patch: parseSnapshot(json) };
    case 'complete':
      return { kind: 'ended', patch: { ...parseSnapshot(json), state: 'completed', percent: 100 } };
    case 'error': {
      // An ended job has a status; without one the error is about the request.
      if (asText(json['status']) === undefined) return { kind: 'missing' };
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
