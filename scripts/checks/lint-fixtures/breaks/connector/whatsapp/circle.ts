export { circle } from './ring.ts' // breaks: no-cycle
