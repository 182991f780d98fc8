# Windlass: API and workers. One image, the command says which; see docker-compose.temporal.yml.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /opt/windlass
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
# git: training projects are checked out; python3 with venv: their environments are built from lock files.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/windlass
COPY --from=dependencies /opt/windlass/node_modules ./node_modules
COPY package.json package-lock.json ./
COPY src ./src
COPY workflows ./workflows
COPY activities ./activities
COPY workers ./workers
COPY edge ./edge
COPY examples ./examples
# The folder of artefacts, environments and images is shared by all workers: a volume.
RUN mkdir -p /var/lib/windlass node_modules/.cache \
 && chown -R node:node /var/lib/windlass node_modules/.cache
ENV NODE_ENV=production \
    ORT_DISABLE_TELEMETRY=1 \
    WINDLASS_STATE_DIR=/var/lib/windlass
USER node
VOLUME /var/lib/windlass
EXPOSE 8787 9464
CMD ["node", "workers/main.ts"]
