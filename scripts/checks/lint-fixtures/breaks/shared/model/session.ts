export { run } from '../../connector/sessions/run.ts' // breaks: shared-alone
export type { App } from '../../functions/app.ts' // breaks: shared-alone
export const load = () => import('../../scripts/start/main.ts') // breaks: shared-alone
export const file = new URL('../../scripts/start/main.ts', import.meta.url) // breaks: shared-alone
