import { createRouter, createWebHistory } from 'vue-router';
import JobPage from './pages/JobPage.vue';
import JobsPage from './pages/JobsPage.vue';
import NotFoundPage from './pages/NotFoundPage.vue';
import WallPage from './pages/WallPage.vue';

/** Each page has its address, and everything on it comes back from the address alone. */
export const routes = [
  { path: '/', name: 'wall', component: WallPage },
  { path: '/generate', name: 'generate', component: () => import('./pages/GeneratePage.vue') },
  { path: '/jobs', name: 'jobs', component: JobsPage },
  { path: '/jobs/:jobId', name: 'job', component: JobPage, props: true },
  { path: '/:path(.*)*', name: 'not-found', component: NotFoundPage },
];

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});
