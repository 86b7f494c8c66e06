import type { SnapshotPatch } from '@genwatch/client';
import { nextTick } from 'vue';
import { FakeWatch } from '../tests/support/fake_watch';

/** Each state that a card can be in, and how a watch comes into it. */
const STORY =
  'The sky is blue because air scatters short waves of light more than long ones.\n\nSunlight looks white, but it is a mixture of all colours. When it enters the air it meets molecules that are much smaller than its waves. They send a little of it in every direction, and how much depends strongly on the colour: blue is scattered about five times as much as red.\n\nSo wherever you look, away from the sun, some of that scattered blue comes to your eye.\n';
const THOUGHT =
  'The reader is a child, so the answer must be short and use things that can be seen.\nStart with the light, then the air.\n';

const running: SnapshotPatch = {
  state: 'processing',
  phase: 'generating',
  version: 2,
  attempt: 1,
  maxFailures: 3,
  percent: 46,
  tokens: 230,
  tokensEstimated: true,
  tokensPerSecond: 14.2,
  elapsedMs: 16_200,
  remainingMs: 19_800,
  remainingLowMs: 16_000,
  remainingHighMs: 24_000,
  firstTokenMs: 840,
  model: 'qwen3:8b',
};
const waiting: SnapshotPatch = {
  state: 'queued',
  version: 1,
  queuePosition: 3,
  queueSize: 8,
  expectedWaitMs: 118_000,
  model: 'qwen3:8b',
};
const ended: SnapshotPatch = { ...running, phase: null, version: 4, remainingMs: null };

interface Scene {
  readonly title: string;
  readonly steps?: readonly SnapshotPatch[];
  readonly text?: number;
  readonly thinking?: boolean;
  readonly set?: (watch: FakeWatch) => void;
  readonly compact?: boolean;
}

const scenes: readonly Scene[] = [
  {
    title: 'connecting',
    set: (watch) => {
      watch.connection = 'connecting';
    },
  },
  { title: 'queued', steps: [waiting] },
  {
    title: 'held',
    steps: [{ ...waiting, held: true, queuePosition: 1, queueSize: 2, expectedWaitMs: null }],
  },
  {
    title: 'loading model',
    steps: [
      {
        ...running,
        phase: 'loading',
        elapsedMs: 3100,
        phases: { loading: 3100 },
        tokens: 0,
        percent: 2,
        tokensPerSecond: 0,
        remainingMs: null,
        firstTokenMs: null,
      },
    ],
  },
  {
    title: 'reading prompt',
    steps: [
      {
        ...running,
        phase: 'prompt',
        elapsedMs: 4000,
        phases: { loading: 3100, prompt: 900 },
        tokens: 0,
        percent: 4,
        tokensPerSecond: 0,
        remainingMs: null,
        firstTokenMs: null,
      },
    ],
  },
  {
    title: 'thinking',
    steps: [
      {
        ...running,
        phase: 'thinking',
        percent: 9,
        tokens: 41,
        elapsedMs: 5100,
        phases: { thinking: 2900 },
        remainingLowMs: 50_000,
        remainingHighMs: 170_000,
        remainingMs: 100_000,
      },
    ],
    thinking: true,
  },
  {
    title: 'generating',
    steps: [
      { ...running, phase: 'thinking', percent: 22, phases: { thinking: 8400 } },
      { ...running, phases: { thinking: 8400 } },
    ],
    text: 1,
    thinking: true,
  },
  {
    title: 'generating, unsure',
    steps: [
      {
        ...running,
        percent: 12,
        remainingLowMs: 50_000,
        remainingHighMs: 170_000,
        remainingMs: 100_000,
      },
    ],
    text: 0.2,
    compact: true,
  },
  {
    title: 'finalizing',
    steps: [
      {
        ...running,
        phase: 'finalizing',
        percent: 97,
        remainingMs: 1000,
        remainingLowMs: null,
        remainingHighMs: null,
      },
    ],
    text: 1,
    compact: true,
  },
  { title: 'paused', steps: [running, { ...ended, version: 3, state: 'paused' }], text: 0.5 },
  {
    title: 'retrying',
    steps: [
      running,
      {
        ...ended,
        state: 'queued',
        failures: 1,
        version: 3,
        retryAt: Date.now() + 3_600_000,
        reason: 'MODEL_SERVER_UNREACHABLE',
        message: 'The model server does not answer',
      },
    ],
    text: 0.3,
    set: (watch) => {
      watch.serverTime = () => Date.now() + 3_596_000;
    },
  },
  {
    title: 'continued from kept text',
    steps: [{ ...running, attempt: 2, failures: 1, resumeMode: 'continued' }],
    text: 0.5,
  },
  {
    title: 'started again',
    steps: [
      { ...running, attempt: 2, failures: 1, resumeMode: 'restarted', percent: 8, tokens: 12 },
    ],
    text: 0.1,
  },
  {
    title: 'completed',
    steps: [
      {
        ...ended,
        state: 'completed',
        percent: 100,
        tokens: 512,
        promptTokens: 45,
        completionTokens: 512,
        totalTokens: 557,
        tokensEstimated: false,
        tokensPerSecond: 14.36,
        elapsedMs: 36_820,
        phases: { thinking: 8400 },
      },
    ],
    text: 1,
    thinking: true,
  },
  {
    title: 'failed',
    steps: [
      {
        ...ended,
        state: 'failed',
        failures: 3,
        reason: 'CONNECTION_LOST',
        message: 'The model server closed the connection in the middle of the answer',
      },
    ],
    text: 0.4,
  },
  { title: 'cancelled', steps: [{ ...ended, state: 'cancelled' }], text: 0.3 },
  {
    title: 'expired',
    steps: [{ ...waiting, version: 3, state: 'expired', reason: 'WAITING_DEADLINE' }],
  },
  {
    title: 'reconnecting',
    steps: [running],
    text: 0.4,
    set: (watch) => {
      watch.connection = 'reconnecting';
      watch.heardAgo = () => 2900;
    },
  },
  {
    title: 'offline',
    steps: [running],
    text: 0.4,
    compact: true,
    set: (watch) => {
      watch.connection = 'offline';
      watch.heardAgo = () => 65_000;
    },
  },
  {
    title: 'not found, or not yours',
    set: (watch) => {
      watch.missing = true;
    },
  },
  {
    title: 'a state that is not known here',
    steps: [{ ...ended, state: 'unknown', stateWord: 'STATE_ON_ICE' }],
  },
];

const isWorking = (watch: FakeWatch): boolean =>
  watch.view.state === 'processing' && watch.connection === 'live';

function play(scene: Scene, index: number): FakeWatch {
  const watch = new FakeWatch(`job_${index}`);
  watch.connection = 'live';
  for (const step of scene.steps ?? []) watch.learn(step);
  if (scene.thinking) watch.write(THOUGHT, 'thinking');
  if (scene.text !== undefined) watch.write(STORY.slice(0, STORY.length * scene.text));
  scene.set?.(watch);
  const openedAt = performance.now();
  if (isWorking(watch)) {
    watch.elapsed = () => watch.view.elapsedMs + performance.now() - openedAt;
    watch.tokenAgo = () => (watch.view.tokens > 0 ? 100 : null);
  }
  return watch;
}

export interface Played {
  readonly scene: Scene;
  readonly watch: FakeWatch;
}

export const played: readonly Played[] = scenes.map((scene, index) => ({
  scene,
  watch: play(scene, index),
}));

/** The speed of the last minute needs a minute: it is told in a moment. */
export async function fillSpeeds({ watch }: Played): Promise<void> {
  if (!isWorking(watch)) return;
  const real = performance.now();
  for (let second = 50; second >= 0; second -= 1) {
    performance.now = () => real - second * 1000;
    watch.learn({ tokensPerSecond: 14 + 4 * Math.sin(second / 4) + (second % 3) });
    await nextTick();
  }
  // What stood in front of the browser's own goes away.
  Reflect.deleteProperty(performance, 'now');
}

/** So many jobs that all run at once, 20 updates a second each. */
export function crowd(size: number): readonly Played[] {
  return Array.from({ length: size }, (_, index) => {
    const scene: Scene = { title: `job ${index}`, steps: [running], text: 0.1, compact: true };
    const watch = play(scene, 1000 + index);
    let sequence = 0;
    setInterval(() => {
      sequence += 1;
      const percent = Math.min(89, 10 + Math.floor(sequence / 10));
      watch.write(`word${sequence} `);
      watch.learn({
        sequence,
        percent,
        tokens: 100 + sequence,
        tokensPerSecond: 18 + (sequence % 5),
      });
    }, 50);
    return { scene, watch };
  });
}
