// A promise that nobody waits for is a message that nobody misses.
declare const send: (text: string) => Promise<void>
declare const on: (event: string, handler: () => void) => void
declare const state: 'open' | 'closed'
export function lose(): void {
  send('a') // breaks: no-floating-promises
  on('b', async () => send('b')) // breaks: no-misused-promises
  console.log('c') // breaks: no-console
  switch (state) { // breaks: switch-exhaustiveness-check
    case 'open':
  }
}
