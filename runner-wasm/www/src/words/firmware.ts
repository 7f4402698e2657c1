// What the firmware of a board takes. `build.mjs` takes it from the README, where `cargo xtask size` keeps it true.

declare const SIZES: readonly (readonly [heading: string, rows: readonly (readonly [name: string, value: string])[]])[];

/** Tables, each with its heading. */
export const FIRMWARE = SIZES;

/** Bytes of the arena that a board needs for the rsa crate; that of runner-wasm/src/device/board.rs. */
export const ARENA = 12_288;
