// What the inspector tells of a real claim, and what it hands to Wireshark.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench, Campaign } from "./bench.mjs";

test("every layer of a claim is there, decrypted", () => {
  const bench = new Bench();
  bench.sees("config: ");
  bench.types(bench.claimLine());
  bench.sees("live as node ");
  const rows = JSON.parse(bench.world.frames(0, "{}"));
  const protocols = new Set(rows.flatMap(({ protocols }) => protocols));
  for (const protocol of ["ethernet", "arp", "dhcp", "dns", "ntp", "tcp", "tls", "http", "websocket", "mqtt", "aclk"]) {
    assert.ok(protocols.has(protocol), protocol);
  }
  const purposes = new Set(JSON.parse(bench.world.connections()).map(({ purpose }) => purpose));
  for (const purpose of ["claim", "env", "challenge", "password", "link"]) assert.ok(purposes.has(purpose), purpose);
  // The request may have come in several frames: the last of them has it.
  const claims = rows.filter(({ purpose, protocols }) => purpose === "claim" && protocols.includes("http"));
  const layers = claims.flatMap(({ id }) => JSON.parse(bench.world.dissect(id)).layers).filter(({ protocol }) => protocol === "http");
  assert.ok(layers.some(({ fields }) => fields.some(({ value }) => value.startsWith("PUT"))), JSON.stringify(layers));
  assert.equal(JSON.parse(bench.world.dissect(1e9)), null);
  assert.match(bench.world.keyLog(), /CLIENT_TRAFFIC_SECRET_0 /);
  assert.equal(new DataView(bench.world.pcap().buffer).getUint32(0, true), 0xa1b2c3d4);
  assert.equal(new DataView(bench.world.pcapng().buffer).getUint32(0, true), 0x0a0d0d0a);
  const told = bench.told.filter(({ type }) => type === "frame").map(({ frame }) => frame.id);
  assert.deepEqual(told, [...new Set(told)], "each frame is told once");
  bench.world.clearFrames();
  assert.deepEqual(JSON.parse(bench.world.frames(0, "{}")), []);
});

test("a campaign runs in WebAssembly as it does natively, and a seed is replayed", () => {
  const campaign = new Campaign(1, 5);
  while (campaign.step());
  const report = JSON.parse(campaign.report());
  assert.equal(report.done, 5);
  assert.deepEqual(report.violations, []);
  assert.equal(report.coverage.stateEvents.length, report.coverage.states.length);
  const transcript = JSON.parse(Campaign.replay(3));
  assert.equal(transcript.seed, 3);
  assert.ok(transcript.lines.some(({ text }) => text.startsWith("live as node")));
});
