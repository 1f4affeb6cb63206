# syntax=docker/dockerfile:1
# The image of an application: one COPY brings the program, one the migrations. No Prisma CLI, no
# schema engine.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:22-bookworm-slim
COPY --from=ghcr.io/underpin-dev/underpin:0.1.0 /usr/local/bin/underpin /usr/local/bin/underpin
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY prisma ./prisma
USER 1000
# The start script that this replaces: sh -c "npx prisma migrate deploy && node dist/server.js"
CMD ["underpin", "deploy", "--", "node", "dist/server.js"]
