import { defineConfig } from '@playwright/test';
import base from './playwright.config.ts';

/** Takes the pictures of docs/pictures: npx playwright test --config pictures.config.ts */
export default defineConfig({ ...base, testMatch: '*.pictures.ts' });
