import { mount } from '@vue/test-utils';
import { describe, expect, it } from 'vitest';
import { defineComponent, h, nextTick } from 'vue';
import { useLiveJob } from '../src/composables/use_live_job';
import { FakeEventSource } from '@support/fake_event_source';
import { generating } from '@support/wire';

const Percent = defineComponent({
  props: { jobId: { type: String, required: true } },
  setup(props) {
    const job = useLiveJob(props.jobId);
    return () => h('p', String(job.view.value.percent));
  },
});

describe('useLiveJob', () => {
  it('seed defect 34: all that show one job share one connection, and the last closes it', async () => {
    const card = mount(Percent, { props: { jobId: 'job_1' } });
    const row = mount(Percent, { props: { jobId: 'job_1' } });
    const dialog = mount(Percent, { props: { jobId: 'job_1' } });
    expect(FakeEventSource.all).toHaveLength(1);
    FakeEventSource.last.accept().send('progress', generating({ progress: 45 }));
    await nextTick();
    expect([card, row, dialog].map((shown) => shown.text())).toEqual(['45', '45', '45']);
    card.unmount();
    row.unmount();
    expect(FakeEventSource.open).toHaveLength(1);
    dialog.unmount();
    expect(FakeEventSource.open).toHaveLength(0);
  });

  it('seed defect 34: all jobs of a page share one connection', () => {
    for (const jobId of ['job_1', 'job_2', 'job_3']) mount(Percent, { props: { jobId } });
    expect(FakeEventSource.all).toHaveLength(1);
    expect(FakeEventSource.last.asked('job_id')).toEqual(['job_1', 'job_2', 'job_3']);
  });

  it('opens anew for who comes later', () => {
    const first = mount(Percent, { props: { jobId: 'job_1' } });
    expect(FakeEventSource.open).toHaveLength(1);
    first.unmount();
    expect(FakeEventSource.open).toHaveLength(0);
    mount(Percent, { props: { jobId: 'job_1' } });
    expect(FakeEventSource.all).toHaveLength(2);
    expect(FakeEventSource.open).toHaveLength(1);
  });
});
