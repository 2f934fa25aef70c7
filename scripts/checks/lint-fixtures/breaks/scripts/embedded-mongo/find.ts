import { openStore } from '../../shared/store/open-store.ts' // breaks: embedded-mongo-alone
import { phone } from '../sandbox/phone.ts' // breaks: embedded-mongo-alone
export const parts = [openStore, phone]
