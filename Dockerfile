# One image for every role: docker-compose.yml says which one a container runs. Without a command it explains itself.

FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# Left out: what only development needs, and the programs of the embedded PostgreSQL, since a container has DATABASE_URL.
# Nothing else has install scripts, so nobody's are run.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production \
    TWINBOX_DATA_DIR=/data
WORKDIR /app
# For `docker compose exec worker twinbox status`, and a folder that a volume takes its owner from.
RUN ln -s /app/cli/bin.mjs /usr/local/bin/twinbox && mkdir /data && chown node:node /data
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY api api
COPY cli cli
COPY console console
COPY db db
COPY deploy/health.mjs deploy/health.mjs
COPY lib lib
COPY relay relay
COPY simulator simulator
COPY workers workers
USER node
CMD ["node", "cli/main.ts", "--help"]
