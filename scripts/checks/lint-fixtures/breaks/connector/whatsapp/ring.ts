export { circle } from './circle.ts' // breaks: no-cycle
