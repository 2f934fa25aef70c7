export const sendText = 1 // breaks: filename-case
