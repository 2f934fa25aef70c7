// Programs in processes of their own, for tests.
export { startChild, type Child } from '../start/child.ts'
