import { openWorld } from '../scripts/testing/world.ts'
import { createApp } from './app.ts'
export const parts = [openWorld, createApp]
