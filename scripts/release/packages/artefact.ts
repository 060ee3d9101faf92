/** One file of a release. */
export interface Artefact {
  readonly name: string
  readonly bytes: Buffer
}
