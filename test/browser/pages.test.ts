import { once } from 'node:events';
import { serve } from '@hono/node-server';
import type { Browser } from 'playwright-core';
import { createApi } from '../../src/api/app.ts';
import { openApiFixture, type ApiFixture } from '../support/api-deps.ts';
import { chromiumPath, noChromium } from '../support/chromium.ts';
import { cardPage, reportPage } from '../support/pages.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { describeUnless } from '../support/unless.ts';

describeUnless(noChromium)('pages in a browser, as the API serves them', () => {
  const folder = tempFolder('browser');
  let fixture: ApiFixture;
  let server: ReturnType<typeof serve>;
  let browser: Browser;
  let origin = '';

  beforeAll(async () => {
    fixture = await openApiFixture(folder.path);
    server = serve({ fetch: createApi(fixture.deps).fetch, hostname: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const address = server.address();
    origin = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    const { chromium } = await import('playwright-core');
    const args = ['--no-sandbox', '--disable-dev-shm-usage']; // root in a container has neither
    browser = await chromium.launch({ executablePath: chromiumPath, args });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await new Promise((resolve) => server.close(resolve));
    await fixture.close();
    folder.remove();
  });

  test.each([
    ['model card', cardPage, 'pump-health'],
    ['monitoring report', reportPage, 'pump-health'],
  ])(
    'the %s is drawn without an error, a script or a request to anywhere, also on a phone',
    async (_, render, heading) => {
      const { digest } = await fixture.deps.artefacts.put(render(), 'text/html');
      const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
      const faults: string[] = [];
      const asked: string[] = [];
      page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
      page.on('pageerror', (error) => faults.push(String(error)));
      page.on('dialog', (dialog) => {
        faults.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on('request', (request) => asked.push(request.url()));
      const url = `${origin}/api/v1/artefacts/${digest}`;
      const answer = await page.goto(url, { waitUntil: 'load' });
      expect(answer?.status()).toBe(200);
      expect(await page.locator('h1').first().textContent()).toContain(heading);
      const charts = page.locator('svg');
      expect(await charts.count()).toBeGreaterThan(0);
      const box = await charts.first().boundingBox();
      expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThan(50);
      expect(faults).toEqual([]);
      expect(asked.filter((asks) => !asks.endsWith('/favicon.ico'))).toEqual([url]);
      await page.close();
    },
    60_000,
  );
});
