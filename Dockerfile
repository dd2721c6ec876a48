# One image for every process; the command decides (see Procfile). TypeScript runs as written: nothing is built.
FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app

COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force

COPY addon-manifest.json ./
COPY migrations ./migrations
COPY src ./src

USER node
EXPOSE 5000
CMD ["node", "src/bin/web.ts"]
