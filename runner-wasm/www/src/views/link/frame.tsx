// One frame: its layers with their fields, and its bytes beside them.

import { useState } from "preact/hooks";
import type { Dissection, Field, Layer } from "../../bridge/inspect";
import { clockMs } from "../../parts/time";
import { PROTOCOLS } from "../../words/layers";
import { Hex } from "./hex";

/** Bytes of a source that are looked at. */
interface Spot { readonly source: number; readonly start: number; readonly end: number }

export function Frame({ dissection }: { dissection: Dissection }) {
  const { frame, layers, sources } = dissection;
  const top = layers.at(-1);
  const whole = (layer: Layer): Spot => ({ source: layer.source, start: layer.start, end: layer.end });
  const [spot, setSpot] = useState<Spot>(top ? whole(top) : { source: 0, start: 0, end: 0 });
  const [isRevealed, reveal] = useState(false);
  const hasSecrets = sources.some(({ hidden }) => hidden.length > 0) || layers.some(({ fields }) => fields.some(secret));
  const source = sources[spot.source];
  return (
    <div class="chosen-frame" data-dissection={frame.id}>
      <div class="row">
        <h3 class="grow">{frame.text}</h3>
        {hasSecrets ? (
          <button type="button" class="small" aria-pressed={isRevealed} onClick={() => reveal(!isRevealed)}>
            {isRevealed ? "Hide secrets" : "Show secrets"}
          </button>
        ) : null}
      </div>
      <p class="small soft">
        Frame {frame.id}, {clockMs(frame.timeUs / 1_000)}, {frame.length} bytes, {frame.direction === "out" ? "from the device" : "to the device"}
      </p>
      <div class="layers">
        {layers.map((layer, index) => (
          <details key={index} open={index >= layers.length - 3} class={`layer-box ${layer.protocol}`}>
            <summary onFocus={() => setSpot(whole(layer))} onPointerEnter={() => setSpot(whole(layer))}>
              <span class={`layer ${layer.protocol}`}>{PROTOCOLS[layer.protocol][0]}</span> {layer.title}
            </summary>
            <p class="small soft">{layer.help || PROTOCOLS[layer.protocol][1]}</p>
            <Fields fields={layer.fields} source={layer.source} look={setSpot} spot={spot} isRevealed={isRevealed} />
          </details>
        ))}
      </div>
      {source ? <Hex source={source} start={spot.start} end={spot.end} isRevealed={isRevealed} /> : null}
    </div>
  );
}

const secret = (field: Field): boolean => field.reveal !== undefined || Boolean(field.fields?.some(secret));

function Fields({ fields, source, look, spot, isRevealed }: { fields: readonly Field[]; source: number; look: (spot: Spot) => void; spot: Spot; isRevealed: boolean }) {
  if (!fields.length) return null;
  return (
    <ul class="fields">
      {fields.map((field, index) => {
        const here: Spot = { source, start: field.start, end: field.end };
        const isHere = field.end > field.start && spot.source === source && spot.start === field.start && spot.end === field.end;
        return (
          <li key={index}>
            <button type="button" class={`one ${isHere ? "here" : ""} ${field.wrong ? "wrong" : ""}`} onPointerEnter={() => look(here)} onFocus={() => look(here)} onClick={() => look(here)}>
              <span class="name">{field.name}</span>
              <span class="value mono">{isRevealed && field.reveal !== undefined ? field.reveal : field.value}</span>
              {field.help ? <span class="help">{field.help}</span> : null}
            </button>
            {field.fields?.length ? <Fields fields={field.fields} source={source} look={look} spot={spot} isRevealed={isRevealed} /> : null}
          </li>
        );
      })}
    </ul>
  );
}
