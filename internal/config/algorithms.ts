/** Algorithms of signatures with a public and a private half (RFC 7518 3.1, RFC 8037), as configurations name them. */
export const signatureAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const
