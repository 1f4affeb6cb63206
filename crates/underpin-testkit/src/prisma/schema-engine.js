#!/usr/bin/env node
// A stand-in for Prisma's native schema engine, which cannot be had on every machine.
//
// Prisma's CLI starts it as PRISMA_SCHEMA_ENGINE_BINARY and talks JSON-RPC with it, one object per
// line. Every call goes to Prisma's own engine in its published WebAssembly form; only the
// transport to PostgreSQL is ours: one session, as the native engine has, and the whole script
// in one message (Prisma <= 7.3) or, with BRIDGE_SPLIT=1, statement by statement (>= 7.4).
//
// Prisma's own: which rows are written and when, the order of migrations, error codes, exit codes,
// the CLI's words. Not Prisma's own: the words of connection errors, P3018's text after the
// code, what `logs` holds, milliseconds instead of microseconds.
'use strict'
const fs = require('fs')
const path = require('path')
const readline = require('readline')
const pg = require('pg')
const parseArray = require('postgres-array').parse
const { PrismaPg } = require('@prisma/adapter-pg')
const { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum: Type } = require('@prisma/driver-adapter-utils')

// --- arguments ---------------------------------------------------------------------------------

const schemaFiles = []
let datasource = null
let command = null // `cli can-connect-to-database` or `cli create-database`
for (let rest = process.argv.slice(2); rest.length; ) {
  const argument = rest.shift()
  if (argument === '--version') {
    console.log('schema-engine-cli bridge')
    process.exit(0)
  } else if (argument === '--datamodels') schemaFiles.push(rest.shift())
  else if (argument === '--datasource') datasource = readDatasource(rest.shift())
  else if (argument === 'cli') command = rest[rest.length - 1]
}
datasource ??= datasourceOfSchema()

// JSON or a bare URL, either of them also as base64.
function readDatasource(value) {
  const plain = value.startsWith('{') || value.includes('://')
  const text = plain ? value : Buffer.from(value, 'base64').toString()
  return text.startsWith('{') ? JSON.parse(text) : { url: text }
}

// Prisma 6 keeps the URLs in the schema file.
function datasourceOfSchema() {
  const found = {}
  for (const file of schemaFiles) {
    const block = /datasource\s+\w+\s*\{([^}]*)\}/.exec(fs.readFileSync(file, 'utf8'))
    for (const key of ['url', 'directUrl', 'shadowDatabaseUrl']) {
      const value = new RegExp(`^\\s*${key}\\s*=\\s*(?:env\\("([^"]+)"\\)|"([^"]*)")`, 'm').exec(block?.[1] ?? '')
      if (value) found[key] = value[1] ? process.env[value[1]] : value[2]
    }
  }
  return found
}

// --- PostgreSQL --------------------------------------------------------------------------------

function settingsOf(text) {
  const url = new URL(text)
  const get = (name) => url.searchParams.get(name)
  const schema = get('schema') || 'public'
  const settings = {
    host: get('host') || url.hostname,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password) || undefined,
    database: decodeURIComponent(url.pathname.slice(1)) || 'postgres',
    connectionTimeoutMillis: 1000 * Number(get('connect_timeout') || 5),
    application_name: 'real prisma',
    options: `-c search_path="${schema.replace(/[ \\]/g, '\\$&')}"`,
  }
  return { schema, settings }
}

async function connect(settings) {
  const client = new pg.Client(settings)
  client.on('error', () => {})
  await client.connect()
  return client
}

// What Prisma >= 7.4 cannot parse makes it send the whole file as one message. Its parser is not
// here; these are the kinds of statement that it is known to refuse.
const UNPARSED =
  /^\s*(DO\b|DROP\s+INDEX\s+CONCURRENTLY|REINDEX|REFRESH\s+MATERIALIZED|VACUUM\s+\(?ANALYZE|ALTER\s+DEFAULT\s+PRIVILEGES|CREATE\s+STATISTICS|CREATE\s+(OR\s+REPLACE\s+)?(RULE|AGGREGATE)|CREATE\s+EVENT\s+TRIGGER|SECURITY\s+LABEL|ALTER\s+EXTENSION|ALTER\s+TABLE[^;]*(ATTACH\s+PARTITION|CLUSTER\s+ON)|ALTER\s+SEQUENCE[^;]*OWNED\s+BY)/i

function messagesOf(script) {
  if (!process.env.BRIDGE_SPLIT) return [script]
  const statements = []
  const token =
    /--[^\n]*|\/\*[\s\S]*?\*\/|[eE]'(?:\\[\s\S]|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|(\$\w*\$)[\s\S]*?\1|;/g
  let start = 0
  for (let match; (match = token.exec(script)); ) {
    if (match[0] !== ';') continue
    statements.push(script.slice(start, token.lastIndex))
    start = token.lastIndex
  }
  statements.push(script.slice(start))
  const bare = (text) => text.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, '').trim()
  if (statements.some((s) => UNPARSED.test(bare(s)))) return [script]
  return statements.filter((s) => bare(s))
}

const TYPES = {
  16: Type.Boolean, 18: Type.Character, 19: Type.Text, 20: Type.Int64, 21: Type.Int32, 23: Type.Int32,
  26: Type.Int64, 114: Type.Json, 700: Type.Float, 701: Type.Double, 1114: Type.DateTime, 1184: Type.DateTime,
  1700: Type.Numeric, 2950: Type.Uuid, 3802: Type.Json, 1000: Type.BooleanArray, 1002: Type.CharacterArray,
  1003: Type.TextArray, 1005: Type.Int32Array, 1007: Type.Int32Array, 1009: Type.TextArray,
  1015: Type.TextArray, 1016: Type.Int64Array, 1028: Type.Int64Array,
}

// The migration that is being applied, and the error that stopped it.
let applying = false
let current = '?'
let failure = null

// Prisma's own adapter, with its pool replaced by one session.
async function adapterOf(url, afterwards) {
  const { schema, settings } = settingsOf(url)
  const adapter = await new PrismaPg(settings, { schema }).connect()
  const session = await connect(settings)
  await adapter.client.end()
  adapter.client = session
  adapter.release = async () => {
    await session.end()
    await afterwards?.()
  }
  adapter.executeScript = async (script) => {
    try {
      for (const message of messagesOf(script)) await session.query(message)
    } catch (error) {
      failure = error
      adapter.onError(error)
    }
  }
  adapter.queryRaw = async (query) => {
    if (applying && /^INSERT INTO .*_prisma_migrations/.test(query.sql)) {
      current = query.args[3]
      print(`Applying migration \`${current}\``)
    }
    const { fields, rows } = await adapter.performIO(query)
    const columnTypes = fields.map((field) => TYPES[field.dataTypeID] ?? Type.Text)
    columnTypes.forEach((type, column) => {
      if (type < Type.Int32Array) return
      for (const row of rows) {
        if (typeof row[column] === 'string') row[column] = parseArray(row[column], type <= Type.Int64Array ? Number : String)
      }
    })
    return { columnNames: fields.map((field) => field.name), columnTypes, rows }
  }
  return adapter
}

const mainUrl = () => datasource.directUrl || datasource.url
const factory = bindMigrationAwareSqlAdapterFactory({
  provider: 'postgres',
  adapterName: '@prisma/adapter-pg',
  connect: () => adapterOf(mainUrl()),
  connectToShadowDb: async () => {
    const name = `prisma_migrate_shadow_db_${crypto.randomUUID()}`
    const owner = await connect(settingsOf(mainUrl()).settings)
    await owner.query(`CREATE DATABASE "${name}"`)
    const url = new URL(mainUrl())
    url.pathname = `/${name}`
    return adapterOf(String(url), async () => {
      await owner.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
      await owner.end()
    })
  },
})

// --- the two ways in which the CLI calls -------------------------------------------------------

const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n')
const print = (content) => send({ id: `print-${Math.random()}`, method: 'print', params: { content } })
const log = (level, fields) => {
  const entry = { timestamp: new Date().toISOString(), level, fields, target: 'schema_engine::logger' }
  process.stderr.write(JSON.stringify(entry) + '\n')
}

async function runCommand() {
  log('INFO', { message: 'bridge' })
  const { settings } = settingsOf(datasource.url)
  try {
    if (command === 'can-connect-to-database') await (await connect(settings)).end()
    else {
      const admin = await connect({ ...settings, database: 'postgres' })
      await admin.query(`CREATE DATABASE "${settings.database}"`)
      await admin.end()
    }
    process.exit(0)
  } catch (error) {
    const known = { '3D000': 'P1003', '28P01': 'P1000', 28000: 'P1000' }[error.code]
    const error_code = known ?? (error.severity ? error.code : 'P1001')
    const message = `${error.message} (\`${settings.host}\`:\`${settings.port}\`)`
    log('ERROR', { is_panic: false, error_code, message })
    process.exit(1)
  }
}

async function loadEngine() {
  const folder = path.join(__dirname, 'node_modules/@prisma/schema-engine-wasm')
  const glue = await import(path.join(folder, 'schema_engine_bg.js'))
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => log('ERROR', { is_panic: true, message }) }
  const module = new WebAssembly.Module(fs.readFileSync(path.join(folder, 'schema_engine_bg.wasm')))
  const instance = new WebAssembly.Instance(module, { './schema_engine_bg.js': glue })
  glue.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  return glue.SchemaEngine
}

async function serve() {
  const SchemaEngine = await loadEngine()
  const schemas = schemaFiles.map((file) => [file, fs.readFileSync(file, 'utf8')])
  const datamodels = schemas.length ? schemas : undefined
  let engine
  let busy = 0
  let closed = false
  const leave = () => closed && !busy && process.exit(0)
  const lines = readline.createInterface({ input: process.stdin })
  lines.on('close', () => {
    closed = true
    leave()
  })
  lines.on('line', async (line) => {
    const { id, method, params } = JSON.parse(line)
    if (!method) return
    busy++
    failure = null
    applying = method === 'applyMigrations'
    try {
      if (params?.datasourceType?.tag === 'url') datasource = { url: params.datasourceType.url }
      engine ??= await SchemaEngine.new({ datamodels }, () => {}, factory)
      const answer = await engine[method === 'getDatabaseVersion' ? 'version' : method](params)
      if (method === 'diff' && answer.stdout) print(answer.stdout)
      send({ id, result: method === 'diff' ? { exitCode: answer.exitCode } : (answer ?? null) })
    } catch (error) {
      send({ id, error: { code: 4466, message: 'see data', data: describe(error) } })
    } finally {
      busy--
      leave()
    }
  })
}

// The WebAssembly engine does not wrap a failed script in P3018; the native one does, unless the
// file's own transaction made its bookkeeping fail as well (25P02, "aborted").
function describe(error) {
  let { code = null, message } = error
  if (applying && failure && !code && !/aborted/.test(message)) {
    code = 'P3018'
    message = `A migration failed to apply. New migrations cannot be applied before the error is recovered from.\n\nMigration name: ${current}\n\nDatabase error code: ${failure.code}\n\nDatabase error:\nERROR: ${failure.message}`
  }
  return { is_panic: false, message, meta: null, error_code: code }
}

command ? runCommand() : serve()
