import { deserialize } from 'bson'
import { MongoClient } from 'mongodb'
export const parts = [deserialize, MongoClient]
