// A wish that cannot be granted: how the door answers it, and in which words.
export class Refusal extends Error {
  readonly status: 404 | 409 | 413 | 422
  readonly code: string

  constructor(status: Refusal['status'], code: string, detail: string) {
    super(detail)
    this.name = 'Refusal'
    this.status = status
    this.code = code
  }
}
