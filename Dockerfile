# One image for every process; the command decides (see Procfile). TypeScript runs as written: nothing is built.
# Pinned by its digest, which dependabot moves together with the tag.
FROM node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe
ENV NODE_ENV=production
WORKDIR /app

COPY package.json package-lock.json ./
# No package needs its install script, and the simulator, a workspace of this repository, is no part of the image.
RUN npm ci --omit=dev --ignore-scripts --workspaces=false --no-audit --no-fund && npm cache clean --force

COPY addon-manifest.json ./
COPY migrations ./migrations
COPY src ./src

USER node
EXPOSE 5000
CMD ["node", "--disable-sigusr1", "src/bin/web.ts"]
