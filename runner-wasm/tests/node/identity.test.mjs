// The identity of a device, as a folder `claim.d` that the program for Linux accepts.

import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { Bench, claimArchive } from "./bench.mjs";

/** What is in a tar archive: mode and text by name. */
function unpack(archive) {
  const text = (from, to) => Buffer.from(archive.subarray(from, to)).toString("latin1").replace(/\0.*$/s, "");
  const files = new Map();
  for (let at = 0; archive[at] !== 0; ) {
    const sum = archive.subarray(at, at + 512).reduce((all, byte, index) => all + (index >= 148 && index < 156 ? 32 : byte), 0);
    assert.equal(parseInt(text(at + 148, at + 155), 8), sum, "the checksum of a header");
    assert.equal(text(at + 257, at + 263), "ustar");
    const size = parseInt(text(at + 124, at + 136), 8);
    files.set(text(at, at + 100), { mode: text(at + 100, at + 107), content: text(at + 512, at + 512 + size) });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  assert.equal(archive.length % 512, 0);
  return files;
}

test("the archive has everything that a claimed node has, and the private key is for its owner only", () => {
  const bench = new Bench();
  bench.sees("config: ");
  assert.equal(claimArchive(bench.flash, bench.world.authority), undefined);
  bench.types(bench.claimLine());
  bench.sees("live as node ");
  bench.run(() => bench.state.live);
  const files = unpack(claimArchive(bench.flash, bench.world.authority));
  const names = ["", "private.pem", "public.pem", "claimed_id", "cloud.conf", "node_id", "cloud_fullchain.pem"];
  assert.deepEqual([...files.keys()], names.map((name) => `claim.d/${name}`));
  const file = (name) => files.get(`claim.d/${name}`);
  assert.equal(file("private.pem").mode, "0000600");
  assert.equal(file("claimed_id").content, bench.state.claimedId);
  assert.match(file("cloud.conf").content, /cloud base url = https:\/\/cloud\.test:8443\n/);
  assert.match(file("node_id").content, new RegExp(`node_id = ${bench.state.nodeId}\n`));
  const key = createPrivateKey(file("private.pem").content);
  const der = (key) => key.export({ type: "spki", format: "der" }).toString("hex");
  assert.equal(der(createPublicKey(key)), der(createPublicKey(file("public.pem").content)));
  assert.ok(new X509Certificate(file("cloud_fullchain.pem").content).ca);
});
