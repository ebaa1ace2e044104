/** The number of shards was changed: the shard of this relay is none any more. */
export class ShardsChanged extends Error {
  override readonly name = 'ShardsChanged';
  readonly shards: number;

  constructor(shards: number) {
    super(`the relay has ${shards} shards now`);
    this.shards = shards;
  }
}
