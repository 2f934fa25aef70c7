// The import table as a lint rule. The table itself is data: .oxlintrc.json, "wastream/import-table".
// A row says: files `in` these places (but `notIn` those) never import what `never` lists, `butMay` import what that
// lists; a test (*.test.ts) may also import what `testsMay` lists. Places are folders ("shared/"), files, endings
// ("*.test.ts") or packages; "node:*" is any built-in of Node, "process.env" is reading the environment, "computed path"
// an import() that no reader can follow, "absolute path" one that leaves the tree. Every form of import counts, types
// included. JavaScript, because the linter loads it by itself and Node 20 cannot load TypeScript.
import { builtinModules } from 'node:module'
import { dirname, posix, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const builtins = new Set(builtinModules)

/** Where a file stands in the tree. A fixture tree (`lint-fixtures/<name>/`) stands for the whole tree. */
const placeOf = (filename) =>
  relative(root, filename)
    .split(sep)
    .join('/')
    .replace(/^.*\blint-fixtures\/[^/]+\//, '')

/** Every name under which the table may speak of what `specifier` leads to. */
function targetsOf(specifier, place) {
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(place), specifier)
    return [target.startsWith('../') ? 'absolute path' : target]
  }
  if (/^(?:[/#]|file:|[a-z]:)/i.test(specifier)) return ['absolute path']
  const bare = specifier.replace(/^node:/, '')
  if (!builtins.has(bare) && bare === specifier) return [specifier]
  return bare === 'process' ? ['node:*', 'process.env'] : ['node:*']
}

const matches = (pattern, name) =>
  pattern.startsWith('*')
    ? name.endsWith(pattern.slice(1))
    : name === pattern || name.startsWith(pattern.endsWith('/') ? pattern : `${pattern}/`) || `${name}/` === pattern

const any = (patterns, name) => patterns !== undefined && patterns.some((pattern) => matches(pattern, name))

function rowsFor(table, place) {
  return table
    .filter((row) => any(row.in, place) && !any(row.notIn, place))
    .map((row) => ({
      ...row,
      mayAlso: [...(row.butMay ?? []), ...(place.endsWith('.test.ts') ? (row.testsMay ?? []) : [])],
    }))
}

const isNamed = (node, name) =>
  node !== null &&
  ((node.type === 'Identifier' && node.name === name) ||
    (node.type === 'MemberExpression' && (node.property.name ?? node.property.value) === name))

const importTable = {
  meta: { type: 'problem', schema: false },
  create(context) {
    const place = placeOf(context.filename)
    const rows = rowsFor(context.options[0], place)
    if (rows.length === 0) return {}

    const check = (node, targets) => {
      for (const row of rows) {
        const target = targets.find((name) => any(row.never, name) && !any(row.mayAlso, name))
        if (target !== undefined) context.report({ node, message: `[${row.row}] ${place} → ${target}: ${row.why}` })
      }
    }
    const checkSource = (source) => {
      if (source?.type === 'Literal' && typeof source.value === 'string') check(source, targetsOf(source.value, place))
      else if (source) check(source, ['computed path'])
    }

    return {
      ImportDeclaration: (node) => checkSource(node.source),
      ExportNamedDeclaration: (node) => checkSource(node.source),
      ExportAllDeclaration: (node) => checkSource(node.source),
      ImportExpression: (node) => checkSource(node.source),
      TSImportType: (node) => checkSource(node.source),
      TSExternalModuleReference: (node) => checkSource(node.expression),
      CallExpression: (node) => isNamed(node.callee, 'require') && checkSource(node.arguments[0]),
      NewExpression: (node) => {
        const [path, base] = node.arguments
        const isFileBeside = base?.type === 'MemberExpression' && base.object.type === 'MetaProperty'
        if (isNamed(node.callee, 'URL') && isFileBeside && path.type === 'Literal') checkSource(path)
      },
      MemberExpression: (node) => {
        if (isNamed(node, 'env') && isNamed(node.object, 'process')) check(node, ['process.env'])
      },
      VariableDeclarator: (node) => {
        if (node.id.type !== 'ObjectPattern' || !isNamed(node.init, 'process')) return
        const takesEnv = node.id.properties.some((property) => !property.key || isNamed(property.key, 'env'))
        if (takesEnv) check(node, ['process.env'])
      },
    }
  },
}

export default { meta: { name: 'wastream' }, rules: { 'import-table': importTable } }
