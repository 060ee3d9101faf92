/** Why a token is refused: a fixed sentence for `error_description`, never a part of the token. */
export class BadToken {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}
