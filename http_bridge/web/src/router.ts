import type { RouteRecordRaw } from 'vue-router';
import { createRouter, createWebHistory } from 'vue-router';
import NotFoundPage from './pages/NotFoundPage.vue';
import WallPage from './pages/WallPage.vue';

/**
 * Each page has its address, and everything on it comes back from the address alone. The start page
 * is in the first bundle; the others are loaded when they are wanted. `meta.wide`: it is as wide as
 * the header.
 */
export const routes: RouteRecordRaw[] = [
  { path: '/', name: 'wall', component: WallPage },
  { path: '/generate', name: 'generate', component: () => import('./pages/GeneratePage.vue') },
  { path: '/jobs', name: 'jobs', component: () => import('./pages/JobsPage.vue') },
  {
    path: '/jobs/:jobId',
    name: 'job',
    component: () => import('./pages/JobPage.vue'),
    props: true,
  },
  {
    path: '/models',
    name: 'models',
    component: () => import('./pages/ModelsPage.vue'),
    meta: { wide: true },
  },
  { path: '/queue', name: 'queue', component: () => import('./pages/QueuePage.vue') },
  { path: '/:path(.*)*', name: 'not-found', component: NotFoundPage },
];

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});
