// What can go wrong between a device and its Cloud, and what the device says to it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench } from "./bench.mjs";

function ready(options) {
  const bench = new Bench(options);
  bench.sees("config: the device has an address");
  return bench;
}

/** The cause of the first failure, and its stage. */
function failure(bench) {
  return bench.run(() => [...bench.happened("claim-failed"), ...bench.happened("offline")][0], 300_000).failure;
}

test("a Cloud with an expired certificate is refused, and accepted once that is mended", () => {
  const bench = ready();
  const line = bench.claimLine();
  for (const [fault, cause] of [["tls-expired", /expired/], ["tls-unknown-ca", /authority|issuer|anchor|trust/], ["tls-wrong-host", /wrong\.example/]]) {
    bench.ask("PUT", "/api/faults", { plan: fault });
    const seen = bench.happened("claim-failed").length;
    if (seen === 0) bench.types(line);
    const told = bench.run(() => bench.happened("claim-failed")[seen], 900_000).failure;
    assert.equal(told.stage, "tls");
    assert.match(told.cause, cause);
    assert.equal(told.next, "retry");
  }
  bench.ask("DELETE", "/api/faults");
  bench.sees("live as node ", 0, 900_000);
});

test("a clock that is fast makes a good certificate bad, and one that is slow is not believed", () => {
  const years = 365 * 86_400;
  const fast = new Bench({ settings: { clock: 3 * years } });
  fast.sees("config: ");
  fast.types(fast.claimLine());
  assert.match(failure(fast).cause, /expired/);
  assert.ok(fast.state.clock.offsetMs > 9e10);
  assert.equal(fast.state.clock.trust, "trusted");
  // It cannot be earlier than when the firmware was built.
  const slow = ready({ settings: { clock: -20 * years } });
  slow.types(slow.claimLine());
  slow.sees("live as node ");
});

test("a time server that is silent costs nothing but time", () => {
  const bench = ready({ network: { time: "silent" } });
  bench.types(bench.claimLine());
  bench.sees("live as node ", 0, 300_000);
  assert.equal(bench.state.clock.trust, "floor");
});

test("a name server that knows nothing, and then does", () => {
  const bench = ready({ network: { dns: "no-such-name" } });
  bench.types(bench.claimLine());
  assert.equal(failure(bench).stage, "dns");
  bench.world.setNetwork(JSON.stringify({ ...bench.network, dns: null }));
  bench.sees("live as node ", 0, 900_000);
});

for (const [kind, scheme] of [["http", "http"], ["socks5", "socks5h"]]) {
  test(`a Cloud behind a proxy of kind ${kind} is reached through it only`, () => {
    const network = { direct: false, proxy: { kind, user: "me", password: "let me in", fault: null } };
    const direct = ready({ network });
    direct.types(direct.claimLine());
    assert.equal(failure(direct).stage, "tcp");
    const proxied = ready({ network, settings: { proxy: `${scheme}://me:let%20me%20in@proxy.test:3128` } });
    proxied.types(proxied.claimLine());
    proxied.sees("live as node ");
    assert.ok(proxied.happened("stage").some(({ stage }) => stage === "proxy"));
    assert.match(proxied.state.proxy, /proxy\.test:3128 \(with credentials\)/);
    const wrong = ready({ network, settings: { proxy: `${scheme}://me:wrong@proxy.test:3128` } });
    wrong.types(wrong.claimLine());
    assert.equal(failure(wrong).stage, "proxy");
  });
}

test("a cable that loses, doubles, reorders and damages frames is survived", () => {
  const bench = ready({ cable: { lossPercent: 5, duplicatePercent: 5, reorderPercent: 5, flipPercent: 2, jitterMs: 5 } });
  bench.types(bench.claimLine());
  bench.sees("live as node ", 0, 900_000);
  const remarks = JSON.parse(bench.world.frames(0, "{}")).map(({ remark }) => remark);
  for (const remark of ["lost", "duplicated", "held back", "corrupted"]) assert.ok(remarks.some((one) => one.includes(remark)), remark);
});

test("a flash with nonsense in it is told of, and nothing is erased before somebody wishes that", () => {
  const flash = new Uint8Array(4 * 4096).fill(0x5a);
  const bench = new Bench({ flash });
  bench.sees("storage: ");
  assert.ok(bench.state.failure === null || bench.state.failure.stage === "storage");
  assert.deepEqual(bench.flash, new Uint8Array(4 * 4096).fill(0x5a));
  bench.types("unclaim");
  bench.sees("unclaimed: ");
  bench.types("reboot");
  bench.run(() => bench.device.isOver);
  const seen = bench.screen.length;
  bench.off();
  bench.on();
  bench.sees("config: ", seen);
  bench.types(bench.claimLine());
  bench.sees("live as node ", seen);
});

test("what makes no sense is refused, and nothing breaks", () => {
  const bench = ready();
  for (const bad of ["", "null", "[]", "{}", '{"latencyMs":"x"}']) {
    assert.throws(() => bench.world.setCable(bad));
    assert.throws(() => bench.world.setNetwork(bad));
  }
  assert.throws(() => bench.world.frames(0, "nonsense"));
  for (const bytes of [new Uint8Array(), new Uint8Array(3), new Uint8Array(100_000).fill(0xff)]) bench.world.receive(bytes);
  bench.device.receive(new Uint8Array(5));
  bench.types("claim");
  bench.sees("a token is missing");
});
