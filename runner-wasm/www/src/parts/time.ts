// Times and amounts as people read them.

const two = (number: number): string => String(number).padStart(2, "0");

/** Hours, minutes and seconds here. */
export function clock(ms: number): string {
  const date = new Date(ms);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export const clockMs = (ms: number): string => `${clock(ms)}.${String(Math.floor(ms) % 1000).padStart(3, "0")}`;

/** How long something takes: "34 ms", "1.3 s", "2 min". */
export function span(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < 1_000) return `${Math.round(whole)} ms`;
  if (whole < 60_000) return `${(whole / 1_000).toFixed(whole < 10_000 ? 1 : 0)} s`;
  if (whole < 3_600_000) return `${Math.floor(whole / 60_000)} min ${Math.floor(whole / 1_000) % 60} s`;
  if (whole < 172_800_000) return `${Math.floor(whole / 3_600_000)} h ${Math.floor(whole / 60_000) % 60} min`;
  return `${Math.floor(whole / 86_400_000)} days`;
}

export const count = (number: number, one: string, many = `${one}s`): string => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

export function bytes(number: number): string {
  if (number < 4_000) return `${number.toLocaleString("en")} B`;
  return number < 1_000_000 ? `${(number / 1_024).toFixed(1)} KiB` : `${(number / 1_048_576).toFixed(1)} MiB`;
}
