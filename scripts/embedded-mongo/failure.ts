// Failures as MongoDB reports them: a code, its name, and the words a driver's user will read.
import type { Doc } from './values.ts'

const codes = {
  InternalError: 1,
  BadValue: 2,
  FailedToParse: 9,
  Unauthorized: 13,
  TypeMismatch: 14,
  Overflow: 15,
  IllegalOperation: 20,
  InvalidLength: 16,
  InvalidBSON: 22,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  CannotCreateIndex: 67,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  DollarPrefixedFieldName: 52,
  CommandNotFound: 59,
  ImmutableField: 66,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  WriteConflict: 112,
  CommandNotSupported: 115,
  CommandNotSupportedOnView: 166,
  InvalidPipelineOperator: 168,
  CannotIndexParallelArrays: 171,
  InterruptedAtShutdown: 11600,
  ReadConcernMajorityNotAvailableYet: 134,
  NoSuchTransaction: 251,
  TransactionTooOld: 225,
  TransactionCommitted: 256,
  InvalidResumeToken: 260,
  OperationNotSupportedInTransaction: 263,
  ChangeStreamFatalError: 280,
  ChangeStreamHistoryLost: 286,
  CannotSatisfyWriteConcern: 100,
  CursorKilled: 237,
  NotImplemented: 238,
  DuplicateKey: 11000,
  BSONObjectTooLarge: 10334,
  UnknownAccumulator: 15952,
  GroupWithoutId: 15955,
  LimitNotPositive: 15958,
  InclusionInExclusion: 31253,
  ExclusionInInclusion: 31254,
  StageWithManyNames: 40323,
  UnrecognizedStage: 40324,
  MissingField: 40414,
  UnknownField: 40415,
  SortMemory: 292,
  BadPattern: 51091,
} as const

/** MongoDB gives these codes the name `Location<code>`. */
const unnamed = new Set<string>([
  'UnknownAccumulator',
  'GroupWithoutId',
  'LimitNotPositive',
  'InclusionInExclusion',
  'ExclusionInInclusion',
  'StageWithManyNames',
  'UnrecognizedStage',
  'MissingField',
  'UnknownField',
  'BadPattern',
])

export type FailureName = keyof typeof codes

export class Failure extends Error {
  readonly code: number
  readonly codeName: string
  readonly extra: Doc

  constructor(name: FailureName, message: string, extra: Doc = {}) {
    super(message)
    this.code = codes[name]
    this.codeName = unnamed.has(name) ? `Location${this.code}` : name
    this.extra = extra
  }

  toReply(): Doc {
    return { ok: 0, errmsg: this.message, code: this.code, codeName: this.codeName, ...this.extra }
  }
}

/** As mingo says it. */
const unknownExpression = /'\$\w+' is not registered/

export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  const message = error instanceof Error ? error.message : String(error)
  if (unknownExpression.test(message)) return new Failure('InvalidPipelineOperator', message)
  // mingo reports a bad query, stage or expression with an error class of its own.
  return new Failure(
    error instanceof Error && error.constructor.name === 'MingoError' ? 'BadValue' : 'InternalError',
    message,
  )
}
