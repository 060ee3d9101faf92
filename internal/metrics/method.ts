/** Methods as label values: those of RFC 9110 9 and PATCH (RFC 5789); everything else is one value. */

/** Label values by index; the last one stands for every name that is not known. */
export const methodLabels = [
  'GET',
  'POST',
  'HEAD',
  'OPTIONS',
  'PUT',
  'PATCH',
  'DELETE',
  'CONNECT',
  'TRACE',
  '_other',
] as const

const indexes = new Map<string, number>(methodLabels.map((name, index) => [name, index]))
const other = methodLabels.length - 1

/** Index of a method's label in {@link methodLabels}. Methods are case-sensitive: `get` is not known. */
export function methodIndex(method: string): number {
  return method === 'GET' ? 0 : (indexes.get(method) ?? other)
}
