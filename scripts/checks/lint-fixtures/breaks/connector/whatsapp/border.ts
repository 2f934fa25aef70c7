import { env } from 'node:process' // breaks: environment
const { env: world } = process // breaks: environment
export const level = process['env'].LOG_LEVEL // breaks: environment
export const url = globalThis.process.env.WHATSAPP_URL // breaks: environment
export const open = (name: string) => import(name) // breaks: computed-path
export const load = (name: string) => import(`../relay/${name}.ts`) // breaks: computed-path
export * from '/connector/relay/push.ts' // breaks: absolute-path
export * from '#relay' // breaks: absolute-path
export * from '../../../elsewhere/code.ts' // breaks: absolute-path
export const parts = [env, world]
