import { readFileSync } from 'node:fs'
import { MongoClient } from 'mongodb'
import { openWorld } from '../../scripts/testing/world.ts'
export const parts = [readFileSync, MongoClient, openWorld]
