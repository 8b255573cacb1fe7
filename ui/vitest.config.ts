import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) } },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
    // Times and numbers are written in the person's own zone and language; tests fix both.
    env: { TZ: 'Europe/Berlin', LC_ALL: 'en_GB.UTF-8' },
  },
});
