import { createRouter, createWebHistory } from 'vue-router';
import GeneratePage from './pages/GeneratePage.vue';
import JobPage from './pages/JobPage.vue';
import JobsPage from './pages/JobsPage.vue';
import NotFoundPage from './pages/NotFoundPage.vue';

/** Each page has its address, and everything on it comes back from the address alone. */
export const routes = [
  { path: '/', name: 'generate', component: GeneratePage },
  { path: '/jobs', name: 'jobs', component: JobsPage },
  { path: '/jobs/:jobId', name: 'job', component: JobPage, props: true },
  { path: '/:path(.*)*', name: 'not-found', component: NotFoundPage },
];

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});
