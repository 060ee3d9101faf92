/** The outcome of reading one text: a value, or a sentence that tells its writer what to write instead. */
export type Parsed<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | {
      readonly kind: 'bad'
      /** Imperative sentence or question without a final full stop, or `''`. */ readonly hint: string
    }

/** A successful {@link Parsed}. */
export function ok<T>(value: T): Parsed<T> {
  return { kind: 'ok', value }
}

/** A failed {@link Parsed}. */
export function bad(hint = ''): { readonly kind: 'bad'; readonly hint: string } {
  return { kind: 'bad', hint }
}
