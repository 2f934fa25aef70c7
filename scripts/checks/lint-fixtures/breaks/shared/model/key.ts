import { randomBytes } from 'node:crypto' // breaks: shared-anywhere
import { Buffer } from 'buffer' // breaks: shared-anywhere
import fs from 'fs/promises' // breaks: shared-anywhere
export type Host = import('node:os').NetworkInterfaceInfo // breaks: shared-anywhere
export const key = [randomBytes(32), Buffer, fs]
