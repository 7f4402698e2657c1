// Where flash and Cloud outlive the page: the browser's storage, or nowhere if the browser has none for us.

const BYTES_AT_A_TIME = 8_192;

/** Named pieces of text and bytes. */
export class Memory {
  readonly #name: string | null;
  readonly #here = new Map<string, string>();

  /** Under `name` in the browser's storage; `null`: for as long as the page is open. */
  constructor(name: string | null) {
    this.#name = name;
  }

  text(key: string): string {
    const here = this.#here.get(key);
    if (here !== undefined || this.#name === null) return here ?? "";
    try {
      return localStorage.getItem(`${this.#name}.${key}`) ?? "";
    } catch {
      return "";
    }
  }

  keepText(key: string, text: string): void {
    this.#here.set(key, text);
    if (this.#name === null) return;
    try {
      localStorage.setItem(`${this.#name}.${key}`, text);
    } catch {
      // Private windows have no storage, and full ones no room: it lasts as long as the page then.
    }
  }

  /** Empty if there is nothing, or nothing that can be read. */
  bytes(key: string): Uint8Array {
    try {
      return Uint8Array.from(atob(this.text(key)), (character) => character.charCodeAt(0));
    } catch {
      return new Uint8Array();
    }
  }

  keepBytes(key: string, bytes: Uint8Array): void {
    let text = "";
    for (let at = 0; at < bytes.length; at += BYTES_AT_A_TIME) {
      text += String.fromCharCode(...bytes.subarray(at, at + BYTES_AT_A_TIME));
    }
    this.keepText(key, btoa(text));
  }

  forget(key: string): void {
    this.#here.delete(key);
    if (this.#name === null) return;
    try {
      localStorage.removeItem(`${this.#name}.${key}`);
    } catch {
      // Nothing was kept.
    }
  }
}
