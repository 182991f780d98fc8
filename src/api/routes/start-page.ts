import type { OpenAPIHono } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { html } from 'hono/html';
import type { ApiDeps, ApiEnv } from '../deps.ts';

interface Link {
  readonly title: string;
  readonly href: string;
  readonly about: string;
}

const LINKS: readonly Link[] = [
  { title: 'OpenAPI document', href: '/openapi.json', about: 'every route, with its body and its answers' },
  { title: 'Alive', href: '/healthz', about: 'does the process answer?' },
  { title: 'Ready', href: '/readyz', about: 'do database and Temporal answer?' },
  { title: 'Metrics', href: '/metrics', about: 'for Prometheus' },
  { title: 'Models', href: '/api/v1/models', about: 'the versions in the registry, newest first' },
  { title: 'Rollouts', href: '/api/v1/rollouts', about: 'what is brought to which devices' },
  { title: 'Reports', href: '/api/v1/reports', about: 'what monitoring found in production' },
  {
    title: 'MLflow',
    href: '/api/3.0/mlflow/server-info',
    about: "MLflow's clients work here: MLFLOW_TRACKING_URI is the address of this page",
  },
];

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:44em;margin:2em auto;padding:0 1em}
dt{margin-top:.7em}dd{margin:0;color:#555}`;

/** `GET /`: links to what there is and no more, so it needs no token; as JSON for who asks so. */
export function addStartPage(api: OpenAPIHono<ApiEnv>, { temporalUi }: Pick<ApiDeps, 'temporalUi'>): void {
  const ui: Link[] =
    temporalUi === undefined
      ? []
      : [{ title: 'Temporal UI', href: temporalUi, about: 'workflows, what they do and did' }];
  const links = [...LINKS, ...ui];
  api.get('/', (c) => {
    c.header('vary', 'accept');
    const type = accepts(c, {
      header: 'Accept',
      supports: ['text/html', 'application/json'],
      default: 'text/html',
    });
    if (type === 'application/json') return c.json({ links });
    c.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
    return c.html(page(links));
  });
}

const page = (links: readonly Link[]) =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>Windlass</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <h1>Windlass</h1>
        <dl>
          ${links.map(
            ({ title, href, about }) =>
              html`<dt><a href="${href}">${title}</a></dt>
                <dd>${about}</dd>`,
          )}
        </dl>
      </body>
    </html>`;
