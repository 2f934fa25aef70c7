export const push = 1
