import { defineAsyncComponent } from 'vue';

/** The first thing that nobody needs at once. */
export default defineAsyncComponent(() => import('./CopyButton.vue'));
