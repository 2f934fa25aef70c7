// Preloaded into a process as `shift-clock.mjs?ms=600000`: its clock reads so many ms later than the machine's.
const shiftMs = Number(new URL(import.meta.url).searchParams.get('ms'))
const RealDate = Date
const now = () => RealDate.now() + shiftMs

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, newTarget) => Reflect.construct(target, given.length > 0 ? given : [now()], newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
})
