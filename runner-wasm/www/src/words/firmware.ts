// What the firmware of a board takes, as docs/firmware.md has it.

/** Bytes of the arena of a board. */
export const ARENA = 12_288;

export const FIRMWARE: readonly { readonly name: string; readonly value: string; readonly help: string }[] = [
  { name: "Goal", value: "256 KiB of flash, 64 KiB of RAM", help: "everything included: TCP/IP, TLS with the whole chain checked, RSA, claim and link" },
];
