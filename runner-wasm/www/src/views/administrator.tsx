// What an administrator does: Spaces, War Rooms, claiming tokens, and the command that goes with a token.

import { useState } from "preact/hooks";
import { useCell, useTick } from "../app/cell";
import { ask, refresh, type Room, type Space, type Token } from "../app/cloud";
import { command } from "../app/guide";
import { go } from "../app/route";
import { spaces, tokens } from "../app/world";
import { Button, Card, CopyButton, Field, Pill, Term } from "../parts/basics";
import { span } from "../parts/time";

export function Administrator() {
  const all = useCell(spaces);
  const [chosen, choose] = useState("");
  const space = all.find(({ id }) => id === chosen) ?? all[0];
  if (!space) return <Card title="Administrator"><p class="empty">The Cloud is starting.</p></Card>;
  return (
    <div class="two wide-left">
      <Tokens space={space} key={space.id} />
      <Spaces all={all} space={space} choose={choose} />
    </div>
  );
}

const EXPIRY: readonly (readonly [string, number | null])[] = [["never", null], ["in a minute", 60], ["in an hour", 3_600], ["in a day", 86_400]];

function Tokens({ space }: { space: Space }) {
  const list = useCell(tokens).get(space.id) ?? [];
  const [expiry, setExpiry] = useState("never");
  const [rooms, setRooms] = useState<readonly string[]>([]);
  const [shown, show] = useState("");
  useTick(list.some((token) => token.expires_ms !== null) ? 1_000 : null);
  const create = async () => {
    const seconds = EXPIRY.find(([name]) => name === expiry)?.[1] ?? null;
    await ask("POST", `/api/spaces/${encodeURIComponent(space.id)}/tokens`, seconds === null ? {} : { expires_in: seconds });
    const { tokens: now } = await ask<{ tokens: Token[] }>("GET", `/api/spaces/${encodeURIComponent(space.id)}/tokens`);
    await refresh();
    if (now[0]) {
      show(now[0].token);
      command.set(withRooms(now[0].claim, rooms));
    }
  };
  return (
    <Card title="Add a device" aside={<span class="soft small">to {space.name}</span>}>
      <p>
        A <Term name="token">claiming token</Term> lets a device into your <Term name="space">Space</Term>. Create one, and give the command to the device. The <Term name="claim">claim</Term> happens once; afterwards the token may go.
      </p>
      <form class="line" onSubmit={(event) => event.preventDefault()}>
        <Field label="It expires" kind="narrow">
          <select value={expiry} onChange={(event) => setExpiry(event.currentTarget.value)}>
            {EXPIRY.map(([name]) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </Field>
        <fieldset class="rooms">
          <legend>
            Into the <Term name="room">War Rooms</Term>
          </legend>
          {space.rooms.map((room, index) => {
            // Whatever is chosen, the room of all nodes has it too.
            const isAll = index === 0;
            return (
              <label class="check" key={room.id}>
                <input type="checkbox" checked={isAll || rooms.includes(room.id)} disabled={isAll} onChange={(event) => setRooms(event.currentTarget.checked ? [...rooms, room.id] : rooms.filter((id) => id !== room.id))} />
                {room.name}
              </label>
            );
          })}
        </fieldset>
        <Button kind="primary" work={create}>
          Create a token
        </Button>
      </form>
      <ul class="tokens" aria-label="Claiming tokens">
        {list.map((token) => (
          <TokenRow key={token.token} token={token} rooms={rooms} isShown={shown === token.token} show={() => show(shown === token.token ? "" : token.token)} />
        ))}
      </ul>
      {list.length ? null : <p class="empty">There is no token yet.</p>}
    </Card>
  );
}

/** The command with these rooms beside the first. */
function withRooms(text: string, rooms: readonly string[]): string {
  return rooms.length ? text.replace(/-rooms=(\S*)/, (_, first: string) => `-rooms=${[...new Set([first, ...rooms])].filter(Boolean).join(",")}`) : text;
}

function TokenRow({ token, rooms, isShown, show }: { token: Token; rooms: readonly string[]; isShown: boolean; show: () => void }) {
  const isValid = token.state === "valid";
  const text = withRooms(token.claim, rooms);
  return (
    <li class="token">
      <div class="row">
        <Pill kind={isValid ? "good" : "bad"}>{token.state}</Pill>
        <code class="grow">{short(token.token)}</code>
        <span class="soft small">{isValid && token.expires_ms !== null ? `expires in ${span(token.expires_ms - Date.now())}` : isValid ? "does not expire" : token.state === "expired" ? "lets nobody in any more" : "taken back"}</span>
        <button type="button" class="small" aria-expanded={isShown} onClick={show}>
          {isShown ? "Hide" : "Show command"}
        </button>
        {isValid ? (
          <Button kind="small danger" label={`Revoke ${short(token.token)}`} work={async () => {
            await ask("POST", "/api/tokens/revoke", { token: token.token });
            await refresh();
          }} done="The token is revoked.">
            Revoke
          </Button>
        ) : null}
      </div>
      {isShown ? (
        <div class="command">
          <p class="small soft">On the device, as the Cloud shows it:</p>
          <pre>{text}</pre>
          <div class="row">
            <CopyButton text={text} />
            <button type="button" class="primary" onClick={() => {
              command.set(text);
              go("device");
            }}>
              Take it to the device
            </button>
          </div>
          <details>
            <summary>For a Linux machine with the documented script</summary>
            <pre>sudo {withRooms(token.claim_script, rooms)}</pre>
          </details>
        </div>
      ) : null}
    </li>
  );
}

const short = (text: string): string => (text.length > 24 ? `${text.slice(0, 8)}…${text.slice(-6)}` : text);

function Spaces({ all, space, choose }: { all: readonly Space[]; space: Space; choose: (id: string) => void }) {
  const [room, setRoom] = useState("");
  const [name, setName] = useState("");
  return (
    <Card title="Spaces and War Rooms">
      <ul class="spaces">
        {all.map((one) => (
          <li key={one.id} class={one.id === space.id ? "here" : ""}>
            <div class="row">
              <strong class="grow">{one.name}</strong>
              <span class="soft small">{one.nodes} {one.nodes === 1 ? "node" : "nodes"}, {one.online} online</span>
              {all.length > 1 ? (
                <button type="button" class="small" aria-pressed={one.id === space.id} onClick={() => choose(one.id)}>
                  {one.id === space.id ? "Chosen" : "Choose"}
                </button>
              ) : null}
            </div>
            <Rooms rooms={one.rooms} />
          </li>
        ))}
      </ul>
      <form class="line" onSubmit={(event) => event.preventDefault()}>
        <Field label={`New War Room in ${space.name}`} kind="grow">
          <input value={room} placeholder="Shelf 1" maxLength={60} onInput={(event) => setRoom(event.currentTarget.value)} />
        </Field>
        <Button disabled={!room.trim()} work={async () => {
          await ask("POST", `/api/spaces/${encodeURIComponent(space.id)}/rooms`, { name: room.trim() });
          setRoom("");
          await refresh();
        }}>
          Add room
        </Button>
      </form>
      <form class="line" onSubmit={(event) => event.preventDefault()}>
        <Field label="New Space" kind="grow">
          <input value={name} placeholder="Workshop" maxLength={60} onInput={(event) => setName(event.currentTarget.value)} />
        </Field>
        <Button disabled={!name.trim()} work={async () => {
          const { id } = await ask<{ id: string }>("POST", "/api/spaces", { name: name.trim() });
          setName("");
          await refresh();
          choose(id);
        }}>
          Add Space
        </Button>
      </form>
    </Card>
  );
}

function Rooms({ rooms }: { rooms: readonly Room[] }) {
  return (
    <ul class="chips">
      {rooms.map((room) => (
        <li class="chip" key={room.id}>
          {room.name} · {room.nodes}
        </li>
      ))}
    </ul>
  );
}
