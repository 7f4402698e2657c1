// A question to the node over its link, and its answer as it came.

import { useState } from "preact/hooks";
import { query, type NodeSummary, type QueryAnswer } from "../../app/cloud";
import { Button, Card, Field, Pill, Term } from "../../parts/basics";
import { bytes, span } from "../../parts/time";

const SUGGESTIONS = ["/api/v1/info", "/api/v1/charts", "/api/v1/contexts", "/api/v3/info", "/api/v1/nothing"];

export function Query({ node }: { node: NodeSummary }) {
  const [path, setPath] = useState("/api/v1/info");
  const [answer, setAnswer] = useState<QueryAnswer | null>(null);
  return (
    <Card title="Ask the node">
      <p class="small soft">
        A <Term name="query">query</Term> is plain <Term name="http">HTTP</Term>, carried in an <Term name="mqtt">MQTT</Term> message.
      </p>
      <form class="line" onSubmit={(event) => event.preventDefault()}>
        <Field label="Path" kind="grow">
          <input class="mono" value={path} list="query-paths" spellcheck={false} autocomplete="off" onInput={(event) => setPath(event.currentTarget.value)} />
        </Field>
        <datalist id="query-paths">
          {SUGGESTIONS.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <Button kind="primary" disabled={!path.startsWith("/")} work={async () => {
          setAnswer(null);
          setAnswer(await query(node.claimed_id, path));
        }}>
          Ask
        </Button>
      </form>
      {answer ? (
        <div class="answer" aria-live="polite">
          <p class="row">
            <Pill kind={answer.code < 300 ? "good" : "bad"}>HTTP {answer.code}</Pill>
            <span class="small soft">{bytes(answer.bytes)} in {span(answer.took_ms)}</span>
          </p>
          <pre tabIndex={0}>{pretty(answer)}</pre>
        </div>
      ) : null}
    </Card>
  );
}

function pretty({ body, base64 }: QueryAnswer): string {
  if (base64) return "(bytes that are no text)";
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body || "(empty)";
  }
}
