#!/usr/bin/env node
// Finds the binary of this platform among the optional dependencies and becomes it. No dependency,
// no download; signals and the exit code are the program's own.
'use strict'
const { spawn } = require('node:child_process')
const { accessSync, constants } = require('node:fs')

function isMusl() {
  // A glibc Node.js names its version; a musl one has none.
  return process.platform === 'linux' && !process.report?.getReport().header.glibcVersionRuntime
}

function binary() {
  if (process.env.UNDERPIN_BINARY) return process.env.UNDERPIN_BINARY
  const name = `@underpin/${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`
  try {
    return require.resolve(`${name}/underpin`)
  } catch {
    console.error(`error: the package ${name} is not installed, so there is no underpin for this platform`)
    console.error(' hint: npm install --include=optional underpin   (or name a binary in UNDERPIN_BINARY)')
    process.exit(1)
  }
}

const program = binary()
try {
  accessSync(program, constants.X_OK)
} catch (error) {
  console.error(`error: ${program} cannot be run: ${error.code}`)
  process.exit(1)
}
const args = process.argv.slice(2)
// Node.js 22.15 and later can be replaced, so that the program is the process that gets signals.
if (typeof process.execve === 'function') {
  const quiet = process.emitWarning
  process.emitWarning = () => {} // it says that this is experimental
  try {
    process.execve(program, [program, ...args], process.env)
  } catch {
    process.emitWarning = quiet
  }
}
const child = spawn(program, args, { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
  process.on(signal, () => child.kill(signal))
}
child.on('error', (error) => {
  console.error(`error: ${program} cannot be run: ${error.message}`)
  process.exit(1)
})
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})
