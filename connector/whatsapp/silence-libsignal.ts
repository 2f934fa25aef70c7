// libsignal 6.0.0 prints whole session entries, private keys included, through console.info/warn/error
// (src/session_record.js, src/session_cipher.js; observed 2026-11). Nothing of the connector uses console: it is closed.
// Import this first, before anything that imports Baileys.

for (const method of ['info', 'warn', 'error', 'log', 'debug'] as const) console[method] = () => undefined
