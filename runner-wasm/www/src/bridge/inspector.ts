// What has passed the cable, decoded.

import type { CloudSide } from "./cloud";
import type { Connection, Dissection, Filter, Summary } from "./inspect";

export class Inspector {
  readonly #cloud: CloudSide;

  constructor(cloud: CloudSide) {
    this.#cloud = cloud;
  }

  /** The frames from number `from` on, at most 1000, or as many as `filter` says. */
  async frames(from = 0, filter: Filter = {}): Promise<Summary[]> {
    return (await this.#cloud.call({ name: "frames", from, filter })) as Summary[];
  }

  /** Everything in a frame, layer by layer; `null` when it is too old and forgotten. */
  async dissect(id: number): Promise<Dissection | null> {
    return (await this.#cloud.call({ name: "dissect", id })) as Dissection | null;
  }

  /** All connections that are known, in the order in which they began. */
  async connections(): Promise<Connection[]> {
    return (await this.#cloud.call({ name: "connections" })) as Connection[];
  }

  /** Forgets all frames. Their numbers go on. */
  async clear(): Promise<void> {
    await this.#cloud.call({ name: "clear" });
  }

  /** All frames that are kept, as a classic .pcap file. */
  async pcap(): Promise<Uint8Array> {
    return (await this.#cloud.call({ name: "pcap" })) as Uint8Array;
  }

  /** The same as .pcapng, with the secrets of TLS inside. */
  async pcapng(): Promise<Uint8Array> {
    return (await this.#cloud.call({ name: "pcapng" })) as Uint8Array;
  }

  /** The secrets of TLS, as Wireshark reads them (`SSLKEYLOGFILE`). */
  async keyLog(): Promise<string> {
    return (await this.#cloud.call({ name: "key-log" })) as string;
  }
}
