import { start } from '../../scripts/start/main.ts' // breaks: shared-alone
import { sandbox } from '../../scripts/sandbox/main.ts' // breaks: shared-alone
export const parts = [start, sandbox]
