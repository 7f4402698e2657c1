// Short notes at the edge of the window.

import { Cell, useCell } from "../app/cell";

interface Notice { readonly id: number; readonly text: string; readonly isBad: boolean }

const notices = new Cell<readonly Notice[]>([]);
let count = 0;

export function notify(text: string, isBad = false): void {
  const id = ++count;
  notices.change((all) => [...all, { id, text, isBad }].slice(-3));
  setTimeout(() => notices.change((all) => all.filter((one) => one.id !== id)), isBad ? 9_000 : 4_000);
}

export function Notices() {
  return (
    <div class="notices" role="alert">
      {useCell(notices).map(({ id, text, isBad }) => (
        <div key={id} class={isBad ? "notice bad" : "notice"}>
          {text}
        </div>
      ))}
    </div>
  );
}
