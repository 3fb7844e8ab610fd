# vireo with the bundled model, a playground and an OpenAI-compatible API on port 8000.
#   docker build -t vireo .
#   docker run -p 8000:8000 -e VIREO_API_KEY=… -v /models:/models:ro vireo --model /models/NAME
# Weights are packed into .vireo beside the checkpoint; without write access they stay in memory.

FROM node:22-bookworm-slim AS build
RUN apt-get update -qq \
  && apt-get install -y -qq --no-install-recommends g++ \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/setup.mjs && npm prune --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
RUN apt-get update -qq \
  && apt-get install -y -qq --no-install-recommends ffmpeg fonts-dejavu-core \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/vireo
COPY --from=build /build/package.json /build/LICENSE ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY --from=build /build/build/Release/vireo.node build/Release/vireo.node
COPY --from=build /build/schemas schemas
COPY --from=build --chown=node:node /build/models models
USER node
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT ?? 8000}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli/main.js", "serve", "--host", "0.0.0.0"]
