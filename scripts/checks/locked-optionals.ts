// Optional packages that some locked package names and the lock file does not have: `npm ci` refuses such a lock.

export type LockEntry = {
  version?: string
  resolved?: string
  link?: boolean
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}

export type Lock = { packages: Record<string, LockEntry> }

/** Where Node would look for `name` from the package at `path`, nearest first. */
function placesFor(path: string, name: string): string[] {
  const parts = path === '' ? [] : path.split(/(?:^|\/)node_modules\//).slice(1)
  return parts
    .map((_, index) =>
      parts
        .slice(0, parts.length - index)
        .map((part) => `node_modules/${part}/`)
        .join(''),
    )
    .concat('')
    .map((folder) => `${folder}node_modules/${name}`)
}

export type MissingOptional = { path: string; name: string; version: string; dev: boolean }

/** `path` is where an entry belongs: at the top, or beside its user where the top is taken by another version. */
export function missingOptionals({ packages }: Lock): MissingOptional[] {
  const found = new Map<string, MissingOptional>()
  for (const [user, { optionalDependencies = {}, dev = false }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const places = placesFor(user, name)
      const present = places.map((place) => packages[place] ?? found.get(place)).find((entry) => entry !== undefined)
      if (present?.version === version || (present !== undefined && !/^\d+\.\d+\.\d+$/.test(version))) continue
      const path = present === undefined ? `node_modules/${name}` : `${user}/node_modules/${name}`
      found.set(path, { path, name, version, dev })
    }
  }
  return [...found.values()]
}
