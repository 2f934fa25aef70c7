import { parts } from '../outside/open.ts'
export const deliver = [1, parts]
