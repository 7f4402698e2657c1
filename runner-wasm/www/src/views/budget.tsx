// What the device takes: memory in use, buffers, flash.

import { useCell } from "../app/cell";
import { budget, flashPages, power } from "../app/world";
import { Card, Term } from "../parts/basics";
import { bytes, count } from "../parts/time";
import { ARENA, FIRMWARE } from "../words/firmware";

export function Budget() {
  const now = useCell(budget);
  const isOn = useCell(power);
  const pages = useCell(flashPages);
  if (!now) return <Card title="Budget"><p class="empty">{isOn ? "Nothing has been measured yet." : "The device is off. Switch it on to see what it takes."}</p></Card>;
  const { arena, buffers, future, worker, flash } = now;
  const all = buffers.reduce((sum, one) => sum + one.bytes, 0) + future + ARENA;
  const largest = Math.max(future, ARENA, ...buffers.map((one) => one.bytes));
  return (
    <>
      <div class="two">
        <Card title="Memory that never moves" aside={<strong>{bytes(all)}</strong>}>
          <p class="small soft">
            Each <Term name="buffer">buffer</Term> has its place and its size from the start, so the device cannot run out of memory on its third day.
          </p>
          <ul class="bars">
            {[...buffers, { name: "the application itself", bytes: future }, { name: "arena", bytes: ARENA }].map(({ name, bytes: size }) => (
              <li key={name}>
                <span class="name">{name}</span>
                <meter min={0} max={largest} value={size} aria-label={name} />
                <span class="amount">{bytes(size)}</span>
              </li>
            ))}
          </ul>
        </Card>
        <Card title="Memory that is borrowed" aside={<strong>{bytes(arena.used)} now</strong>}>
          <p class="small soft">
            Arithmetic with the RSA key borrows from the <Term name="arena">arena</Term> and gives everything back. The <Term name="peak">peak</Term> is what counts for a board. One whose firmware has the RSA of our own instead of the rsa crate, as that below, needs no arena.
          </p>
          <ul class="bars">
            <li>
              <span class="name">in use now</span>
              <meter min={0} max={ARENA} value={arena.used} aria-label="Arena in use" />
              <span class="amount">{bytes(arena.used)}</span>
            </li>
            <li>
              <span class="name">peak</span>
              <meter min={0} max={ARENA} value={arena.peak} aria-label="Arena, peak" />
              <span class="amount">{bytes(arena.peak)}</span>
            </li>
            <li>
              <span class="name">there is</span>
              <meter min={0} max={ARENA} value={ARENA} aria-label="Arena" />
              <span class="amount">{bytes(ARENA)}</span>
            </li>
          </ul>
          <p class="small soft">
            The worker in which all of this runs has {bytes(worker)} of <Term name="wasm">WebAssembly</Term> memory: pages of 64 KiB, most of them empty.
          </p>
        </Card>
      </div>
      <Card title="Flash of the device" aside={<span class="soft small">{count(flash.pages, "page")} of {bytes(flash.pageBytes)}, {count(flash.writes, "write")}, {count(flash.erases, "erasure")}</span>}>
        <p class="small soft">
          Key, claim and node id lie in <Term name="flash">flash</Term>. Pages are used in turn, since each can be erased some ten thousand times only.
        </p>
        <ul class="pages" aria-label="Pages of the flash">
          {Array.from({ length: flash.pages }, (_, page) => {
            const seen = pages.get(page);
            return (
              <li key={page} class={seen ? "used" : ""}>
                <span class="mono">{page}</span>
                <span class="small soft">{seen ? `${count(seen.writes, "write")}, ${count(seen.erases, "erasure")}` : "untouched"}</span>
              </li>
            );
          })}
        </ul>
      </Card>
      <Card title="The matching firmware">
        <p class="small soft">The same application, compiled for a microcontroller: what it takes, how many instructions its steps cost (M is a million), and how many bytes it says.</p>
        <div class="figures">
          {FIRMWARE.map(([heading, rows]) => (
            <figure key={heading}>
              <figcaption>{heading}</figcaption>
              <dl>
                {rows.map(([name, value]) => (
                  <div key={name}>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                  </div>
                ))}
              </dl>
            </figure>
          ))}
        </div>
      </Card>
    </>
  );
}
