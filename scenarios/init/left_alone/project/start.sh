#!/bin/sh
# npx prisma migrate deploy
$RUNNER prisma migrate deploy || echo "went on"
./node_modules/.bin/prisma migrate deploy
