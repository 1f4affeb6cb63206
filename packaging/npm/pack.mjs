// Packs the npm packages: `node pack.mjs OUT VERSION PLATFORM=BINARY…` writes one tarball for each
// platform and one for the package that people install, which names them all.
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Every platform that releases are made for: npm's os, cpu and libc. */
const PLATFORMS = {
  'linux-x64': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'linux-x64-musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'linux-arm64': { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
  'linux-arm64-musl': { os: ['linux'], cpu: ['arm64'], libc: ['musl'] },
  'darwin-x64': { os: ['darwin'], cpu: ['x64'] },
  'darwin-arm64': { os: ['darwin'], cpu: ['arm64'] },
}

const [out, version, ...binaries] = process.argv.slice(2)
if (!out || !version || binaries.length === 0) {
  console.error('usage: node pack.mjs OUT VERSION PLATFORM=BINARY…')
  process.exit(2)
}
const here = dirname(fileURLToPath(import.meta.url))
const main = JSON.parse(readFileSync(join(here, 'underpin/package.json'), 'utf8'))
const work = mkdtempSync(join(tmpdir(), 'underpin-npm-'))
mkdirSync(out, { recursive: true })

function pack(folder) {
  const said = execFileSync('npm', ['pack', '--silent', '--pack-destination', resolve(out), folder], { encoding: 'utf8' })
  console.log(join(out, said.trim()))
}

for (const pair of binaries) {
  const [platform, binary] = pair.split('=')
  if (!PLATFORMS[platform]) throw new Error(`there is no platform ${platform}: ${Object.keys(PLATFORMS).join(', ')}`)
  const folder = join(work, platform)
  mkdirSync(folder)
  copyFileSync(binary, join(folder, 'underpin'))
  chmodSync(join(folder, 'underpin'), 0o755)
  const { license, repository } = main
  const about = { name: `@underpin/${platform}`, version, description: `The underpin binary for ${platform}`, license, repository, ...PLATFORMS[platform], files: ['underpin'] }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(about, null, 2))
  pack(folder)
}
const folder = join(work, 'underpin')
cpSync(join(here, 'underpin'), folder, { recursive: true })
main.version = version
main.optionalDependencies = Object.fromEntries(Object.keys(PLATFORMS).map((name) => [`@underpin/${name}`, version]))
writeFileSync(join(folder, 'package.json'), JSON.stringify(main, null, 2))
pack(folder)
rmSync(work, { recursive: true })
