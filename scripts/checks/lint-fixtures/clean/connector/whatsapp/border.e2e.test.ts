import { openWorld } from '../../scripts/testing/world.ts'
export const parts = [openWorld]
