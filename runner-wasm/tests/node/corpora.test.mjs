// The inputs of the fuzz targets (tests/fuzz) through what the engine exports: as frames on both ends of the cable, as flash,
// as what is typed and as what an administrator asks. Nothing traps, and the world goes on afterwards.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { test } from "node:test";
import { Bench, claimArchive, Device } from "./bench.mjs";

const FUZZ = fileURLToPath(new URL("../../../tests/fuzz/", import.meta.url));

/** Every recorded input, with its place. */
function inputs() {
  const all = [];
  for (const kind of ["corpus", "regressions"]) {
    for (const file of readdirSync(join(FUZZ, kind), { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const path = join(file.parentPath, file.name);
      all.push({ name: path.slice(FUZZ.length), bytes: new Uint8Array(readFileSync(path)) });
    }
  }
  return all;
}

/** The sum of an IPv4 header. */
function checksum(bytes) {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] << 8) | bytes[at + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

/** `bytes` in a frame to everybody, behind an IPv4 header for this protocol, whose own header they are. */
function packet(protocol, from, to, bytes) {
  const content = bytes.slice(0, 1_480);
  const len = 20 + content.length;
  const header = new Uint8Array([0x45, 0, len >> 8, len & 0xff, 0, 0, 0x40, 0, 64, protocol, 0, 0, ...from, ...to]);
  const sum = checksum(header);
  header.set([sum >> 8, sum & 0xff], 10);
  return new Uint8Array([...Array(6).fill(0xff), 2, 0, 0, 0, 0, 9, 8, 0, ...header, ...content]);
}

/** A datagram without a checksum. */
function datagram(port, bytes) {
  const content = bytes.slice(0, 1_400);
  const len = 8 + content.length;
  return new Uint8Array([0, 53, port >> 8, port & 0xff, len >> 8, len & 0xff, 0, 0, ...content]);
}

/** Does it, which may be refused in words. A trap, or a panic, is neither. */
function stands(name, attack) {
  try {
    attack();
  } catch (error) {
    const isTrap = error instanceof WebAssembly.RuntimeError || String(error?.message ?? error).includes("panicked");
    assert.ok(!isTrap, `${name}: ${error?.stack ?? error}`);
  }
}

const GATEWAY = [10, 77, 0, 1];
const DEVICE = [10, 77, 0, 100];
const EVERYBODY = [255, 255, 255, 255];

test("every input of the fuzz targets is stood on both ends of the cable, and the inspector tells of it", () => {
  const bench = new Bench();
  const all = inputs();
  assert.ok(all.length > 100, `${all.length} inputs`);
  bench.sees("config: the device has an address");
  for (const { name, bytes } of all) {
    const frames = (from, to) => [
      bytes.slice(0, 1_514),
      ...[1, 2, 6, 17, 41].map((protocol) => packet(protocol, from, to, bytes)),
      ...[53, 67, 68, 123].map((port) => packet(17, from, port === 68 ? EVERYBODY : to, datagram(port, bytes))),
    ];
    stands(name, () => frames(DEVICE, GATEWAY).forEach((frame) => bench.world.receive(frame)));
    stands(name, () => frames(GATEWAY, DEVICE).forEach((frame) => bench.device.receive(frame)));
    stands(name, () => bench.wait(5));
    const rows = JSON.parse(bench.world.frames(0, "{}"));
    stands(name, () => rows.slice(-12).forEach(({ id }) => JSON.parse(bench.world.dissect(id))));
    if (bench.world.pcapng().length > 1_000_000) bench.world.clearFrames();
  }
  // The world is the same as before, and so is the device.
  bench.types(bench.claimLine());
  bench.sees("live as node ", 0, 600_000);
});

test("every input is stood at the console, as flash, and in what is asked in words", () => {
  const bench = new Bench();
  bench.sees("config: the device has an address");
  const settings = JSON.stringify(bench.settings);
  for (const { name, bytes } of inputs()) {
    const text = new TextDecoder().decode(bytes);
    // Not the words that switch it off.
    if (!/reboot|unclaim/.test(text)) stands(name, () => bench.device.typeText(text));
    stands(name, () => bench.world.setCable(text));
    stands(name, () => bench.world.setNetwork(text));
    stands(name, () => bench.world.frames(0, text));
    stands(name, () => bench.ask("POST", "/api/spaces", text));
    const flash = new Uint8Array(4 * 4_096).fill(0xff);
    flash.set(bytes.slice(0, flash.length));
    stands(name, () => claimArchive(flash, bench.world.authority));
    stands(name, () => claimArchive(bytes, bytes));
    stands(name, () => {
      const device = new Device(settings, flash, bench.world.authority, bench.world.url);
      for (let step = 0; step < 20 && !device.isOver; step++) device.step();
      device.free();
    });
    stands(name, () => bench.wait(5));
  }
  const seen = bench.screen.length;
  bench.types("\u0003");
  bench.types("help");
  bench.sees("claim", seen);
});
