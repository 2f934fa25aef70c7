export const phone = 1
