// What a question is answered with.
import type { BinaryNode } from '@whiskeysockets/baileys'

/** The children of the result, or the code of the error. */
export type Answer = BinaryNode[] | number
