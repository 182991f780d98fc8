import type { Configuration } from './configuration-content.ts';
import type { HubParts } from './hub-parts.ts';
import { ifMatch, route, type HttpAnswer, type Route } from './http-router.ts';

/** Automatic deployments: create, read, update, delete, list. */
export function configurationRoutes(parts: HubParts): Route[] {
  const { configurations } = parts;
  const shown = (configuration: Configuration, status = 200): HttpAnswer => ({
    status,
    body: configurations.body(configuration),
    headers: { ETag: `"${configuration.etag}"` },
  });
  return [
    route('GET /configurations', 'configuration', (call) => {
      const top = Number(call.headers['x-ms-max-item-count'] ?? 100);
      return {
        status: 200,
        body: configurations
          .list()
          .slice(0, top)
          .map((c) => configurations.body(c)),
      };
    }),
    route('GET /configurations/:id', 'configuration', (_call, { id = '' }) => shown(configurations.get(id))),
    route('PUT /configurations/:id', 'configuration', (call, { id = '' }) => {
      const { configuration, created } = configurations.put(id, call.body, ifMatch(call));
      return shown(configuration, created ? 201 : 200);
    }),
    route('DELETE /configurations/:id', 'configuration', (call, { id = '' }) => {
      configurations.remove(id, ifMatch(call));
      return { status: 204 };
    }),
  ];
}
