// What an update changed, as a change event's `updateDescription` tells it.
import { isIdentical } from './order.ts'
import { isDoc, type Doc, type Value } from './values.ts'

export function describeUpdate(before: Doc, after: Doc): Doc {
  const description = { updatedFields: {} as Doc, removedFields: [] as string[], truncatedArrays: [] as Doc[] }
  compareFields(before, after, '', description)
  return description
}

type Description = { updatedFields: Doc; removedFields: string[]; truncatedArrays: Doc[] }

function compareFields(before: Doc, after: Doc, prefix: string, description: Description): void {
  for (const key of Object.keys(before)) if (!(key in after)) description.removedFields.push(prefix + key)
  for (const key of Object.keys(after)) {
    if (!(key in before)) description.updatedFields[prefix + key] = after[key]
    else compareValues(before[key], after[key], prefix + key, description)
  }
}

function compareValues(before: Value, after: Value, path: string, description: Description): void {
  if (isIdentical(before, after)) return
  if (isDoc(before) && isDoc(after) && Object.keys(after).length > 0)
    compareFields(before, after, `${path}.`, description)
  else if (Array.isArray(before) && Array.isArray(after) && after.length > 0 && after.length <= before.length) {
    const changed: Description = { updatedFields: {}, removedFields: [], truncatedArrays: [] }
    after.forEach((item, i) => compareValues(before[i], item, `${path}.${i}`, changed))
    // A description longer than the array itself says less than the array does.
    if (Object.keys(changed.updatedFields).length * 2 > after.length + 1) description.updatedFields[path] = after
    else {
      Object.assign(description.updatedFields, changed.updatedFields)
      description.removedFields.push(...changed.removedFields)
      description.truncatedArrays.push(...changed.truncatedArrays)
      if (after.length < before.length) description.truncatedArrays.push({ field: path, newSize: after.length })
    }
  } else if (
    Array.isArray(before) &&
    Array.isArray(after) &&
    after.length > before.length &&
    before.length > 0 &&
    before.every((item, i) => isIdentical(item, after[i]))
  )
    for (let i = before.length; i < after.length; i++) description.updatedFields[`${path}.${i}`] = after[i]
  else description.updatedFields[path] = after
}
