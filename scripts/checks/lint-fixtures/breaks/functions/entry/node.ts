import { link } from '../../connector/main.ts' // breaks: functions-alone
import { MongoClient } from 'mongodb/lib/index.js' // breaks: mongodb
export const parts = [link, MongoClient]
