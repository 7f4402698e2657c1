// Why the link is down: step, cause, what the Cloud said, what to do, what happens next.

import { useCell, useTick } from "../../app/cell";
import { power, state } from "../../app/world";
import { span } from "../../parts/time";
import { advice, leg, stageTitle } from "../../words/stages";

export function Problem() {
  const now = useCell(state);
  const isOn = useCell(power);
  useTick(now?.nextAttempt ? 500 : null);
  const failure = now && now.link !== "online" ? now.failure : null;
  if (!isOn || !failure) return now?.warning ? <p class="problem">{now.warning}</p> : null;
  const { server, hint, cause, stage, purpose } = failure;
  const said = server && [server.message || server.key, server.status ? `HTTP status ${server.status}` : "", server.code ? `trace ${server.code}` : ""].filter(Boolean).join(", ");
  const next = now?.nextAttempt ?? null;
  return (
    <section class="problem" aria-label="What is wrong" data-problem="">
      <p class="where">
        It fails at the step <strong>{stageTitle(stage)}</strong>{purpose ? `, ${leg(purpose)?.aim ?? purpose}` : ""} <span class="log-word">{[purpose, stage].filter(Boolean).join(" · ")}</span>
      </p>
      <p class="cause">{cause}</p>
      {said ? <p class="small">The Cloud said: {said}</p> : null}
      <p>
        <strong>What to do:</strong> {hint || advice(stage)}
      </p>
      <p class="next small">
        {failure.next === "banned" ? "It makes no further attempt until it is rebooted." : next !== null ? (next > Date.now() ? `Next attempt in ${span(next - Date.now())}.` : "The next attempt is under way.") : failure.next === "stop" ? "It does not try again by itself." : "An attempt is under way."}
      </p>
    </section>
  );
}
