// The life of a device: claimed, online, live, asked, cut off, rebooted, unclaimed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench, claimArchive } from "./bench.mjs";

/** A device that is live. */
function live(options) {
  const bench = new Bench(options);
  bench.sees("config: the device has an address");
  bench.types(bench.claimLine());
  bench.sees("live as node ");
  return bench;
}

test("a device is claimed, comes online, and the Cloud takes it for live", () => {
  const bench = live();
  assert.equal(bench.happened("claimed").length, 1);
  const { nodes } = bench.ask("GET", "/api/nodes").body;
  assert.equal(nodes.length, 1);
  assert.equal(nodes[0].state, "online");
  assert.equal(nodes[0].hostname, "bench");
  bench.run(() => bench.state.live);
  assert.equal(bench.state.link, "online");
  assert.equal(bench.state.claimedId, nodes[0].claimed_id);
  assert.equal(bench.state.clock.trust, "network");
  assert.equal(bench.state.current, null);
  const events = bench.told.filter(({ type }) => type === "cloud").map(({ event }) => event.event);
  for (const event of ["claimed", "env", "challenged", "authenticated", "connected", "online"]) assert.ok(events.includes(event), event);
  assert.equal(bench.ask("GET", "/api/cloud").body.deviations, 0);
});

test("the Cloud asks the device over its link, and a neighbour over the cable", () => {
  const bench = live();
  const [{ claimed_id }] = bench.ask("GET", "/api/nodes").body.nodes;
  const answer = bench.ask("POST", `/api/nodes/${claimed_id}/query`, { path: "/api/v1/info" });
  assert.equal(answer.status, 200);
  assert.equal(answer.body.code, 200);
  const info = JSON.parse(answer.body.body);
  assert.equal(info.hostname ?? info.mirrored_hosts?.[0], "bench");
  const local = bench.call("/api/v1/info");
  assert.equal(local.status, 200);
  assert.equal(local.body.uid, info.uid);
  assert.equal(bench.call("/no/such/path").status, 404);
});

test("the power is cut, and what is in the flash is enough to come back without claiming", () => {
  const bench = live();
  bench.off();
  bench.wait(5_000);
  const seen = bench.screen.length;
  bench.on();
  bench.sees("live as node ", seen);
  assert.equal(bench.happened("claimed").length, 1);
  // The same in a new world that remembers: a page that was opened again.
  const state = bench.world.changedState();
  const again = new Bench({ state, flash: bench.flash });
  again.sees("live as node ");
  assert.equal(again.happened("claimed").length, 0);
});

test("the cable is pulled, the device says why it is offline, and comes back", () => {
  const bench = live();
  bench.world.plug(false);
  bench.sees("offline: ", 0, 600_000);
  assert.equal(bench.state.link, "offline");
  assert.ok(bench.state.failure.cause.length > 0);
  const seen = bench.screen.length;
  bench.world.plug(true);
  bench.sees("live as node ", seen, 900_000);
});

test("a reboot is told, and an unclaimed device is nobody any more", () => {
  const bench = live();
  bench.types("reboot");
  bench.run(() => bench.told.some(({ type }) => type === "reboot"));
  assert.ok(bench.device.isOver);
  const seen = bench.screen.length;
  bench.off();
  bench.on();
  bench.sees("live as node ", seen);
  assert.ok(claimArchive(bench.flash, bench.world.authority));
  bench.types("unclaim");
  bench.sees("unclaimed: ", seen);
  bench.run(() => bench.state.claimedId === null);
  assert.equal(claimArchive(bench.flash, bench.world.authority), undefined);
});

test("what is typed behind a reboot is left for the device that starts anew", () => {
  const bench = live();
  const read = () => bench.told.filter(({ type }) => type === "read").reduce((sum, { bytes }) => sum + bytes, 0);
  const before = read();
  bench.types("reboot");
  bench.types("unclaim");
  bench.run(() => bench.told.some(({ type }) => type === "reboot"));
  assert.equal(read() - before, "reboot\r".length);
});

test("a device without a key makes one, and tells how far it is", () => {
  const bench = live({ settings: { key: "generate" } });
  const progress = bench.told.filter(({ type }) => type === "key-progress");
  assert.ok(progress.length > 0);
  assert.deepEqual({ primes: progress.at(-1).primes, done: progress.at(-1).done }, { primes: 2, done: true });
});
