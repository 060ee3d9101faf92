/** Whether a text can be the id of a request: ours, or one a trusted proxy gave. */
export function isRequestId(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(text)
}
