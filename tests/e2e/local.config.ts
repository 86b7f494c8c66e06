import { defineConfig } from '@playwright/test';
import base from './playwright.config.ts';
const { globalSetup: _s, globalTeardown: _t, ...rest } = base;
process.env.GENWATCH_E2E_STATE_DIR = process.env.STATE_DIR;
export default defineConfig(rest);
