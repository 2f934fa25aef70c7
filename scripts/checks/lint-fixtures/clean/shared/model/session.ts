export const Session = 1
export const now = () => Date.now()
