import { Unspawned } from './unspawned.ts'

/** Files the gateway answers itself: ready from the start to the end. */
export class StaticFiles extends Unspawned {
  protected begin(): void {
    this.answers(null)
  }

  protected end(): void {}
}
