/**
 * A way to bring committed events from PostgreSQL to Kafka. Each contestant is one file in this folder; to add
 * another, write its file and name it in all.ts. It brings its own table and its own process, and is measured like all
 * others: what it has published is read back, and counts only if it is complete and each key's events are in order.
 */
export type World = {
  /** An empty database of this contestant alone; wal_level is logical. */
  databaseUrl: string;
  /** Of a Kafka broker: host:port. */
  bootstrap: string;
  /** Exists and is empty. The contestant publishes there: key, and value with `version` and `customer_data`. */
  topic: string;
  partitions: number;
  /** A folder that is removed afterwards. */
  folder: string;
};

/** An event is one transaction with one insert, so that no contestant profits from large transactions. */
export type NewEvent = {
  /** A UUID; the published record has it as the header `ce_id`, or else as the header `id`. */
  eventId: string;
  /** 'customer:17'; the records of one key have to come in the order of their commits. */
  key: string;
  /** Counts up for each key. */
  version: number;
  /** JSON of about 1 KiB: the value, or a part of it. */
  payload: string;
};

export type Running = {
  /** The CPU and memory of this process, and of all that it starts, are the contestant's. */
  pid: number;
  /** Resolves when the process has ended. */
  stop(): Promise<void>;
};

export type Contestant = {
  /** In tables: 'debezium-tuned'. */
  name: string;
  /** Version and settings, in one line: they stand under the table. */
  about: string;
  /** The reason why it cannot be had on this machine; null where it can. */
  missing(): Promise<string | null>;
  /** Makes its tables, slots, and what else it needs in the empty database. */
  prepare(world: World): Promise<void>;
  /** One statement which inserts one event; its parameters are $1 event id, $2 key, $3 version, $4 payload, all texts. */
  insertSql: string;
  /** What its own writers run after a commit that comes after a rest; none by default. */
  wakeSql?: string;
  start(world: World): Promise<Running>;
};
