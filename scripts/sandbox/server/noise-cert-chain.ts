// The certificate chain that WhatsApp's servers present in every Noise handshake: public data, signed by
// WhatsApp's long-term key. Clients check its signatures, and never that its leaf key is the handshake's static
// key (observed 2026-11, Baileys 7.0.0-rc14), so another server can present it.
export const NOISE_CERT_CHAIN = Buffer.from(
  'CncKMwjjAhADGiCRKg7Kg1iu4CSulwLBaxX51Tefw6VXGgZqcr5OEbXIRiDQ04bOBijQjZ/TBhJA34Bj82jAHhLpCWBNVBlGnFDi' +
    'eamd8+138S57uMt9ke9mrn5r4+VepwBPKEgHjob6bR70rlCmWDkxZv+CfVjIAxJ2CjIIAxAAGiAcUamsMDmUxsjQuS6hh4pTNHZZ' +
    'nMWZ++o1mX2aqQzOYiCAka6+Bij/3rfcBhJAJw8pRkhTn+1IcOJQVN1OlZg6uikYnCumyO7acFVVX3U3QPXsGSq2TCbCbWrebSC5' +
    '93Su43EgprIDlfU8ZgWFBw==',
  'base64',
)
