// One AsyncLocalStorage for the whole process, whoever makes one. Baileys makes one per socket (rc14, Utils/auth-utils.js) and
// Node 20 keeps each that was ever run in a list that every new promise walks (lib/async_hooks.js), also after its socket is
// gone: every step of a process with n sessions would cost n. Imported before Baileys, for this effect.
import asyncHooks, { AsyncLocalStorage } from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'

const real = new AsyncLocalStorage<ReadonlyMap<object, unknown>>()

/** Behaves like Node's own; the value lives in the one real storage, under this object. */
class SharedAsyncStorage<T> {
  static readonly bind = AsyncLocalStorage.bind.bind(AsyncLocalStorage)
  static readonly snapshot = AsyncLocalStorage.snapshot.bind(AsyncLocalStorage)

  getStore(): T | undefined {
    return real.getStore()?.get(this) as T | undefined
  }
  run<Args extends unknown[], Result>(store: T, work: (...args: Args) => Result, ...args: Args): Result {
    return real.run(new Map(real.getStore()).set(this, store), work, ...args)
  }
  exit<Args extends unknown[], Result>(work: (...args: Args) => Result, ...args: Args): Result {
    return real.run(this.#without(), work, ...args)
  }
  enterWith(store: T): void {
    real.enterWith(new Map(real.getStore()).set(this, store))
  }
  disable(): void {
    real.enterWith(this.#without())
  }
  #without(): ReadonlyMap<object, unknown> {
    const rest = new Map(real.getStore())
    rest.delete(this)
    return rest
  }
}

Object.assign(asyncHooks, { AsyncLocalStorage: SharedAsyncStorage })
syncBuiltinESMExports()
