// Whether the window is as narrow as a phone.

import { useEffect, useState } from "preact/hooks";

const query = matchMedia("(max-width: 44rem)");

export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(query.matches);
  useEffect(() => {
    const change = () => setNarrow(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  return isNarrow;
}
