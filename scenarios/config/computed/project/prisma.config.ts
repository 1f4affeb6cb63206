import { defineConfig } from 'prisma/config'
import { secrets } from './vault'

export default defineConfig({
  schema: 'prisma/schema.prisma',
  datasource: { url: await secrets.get('database') },
})
