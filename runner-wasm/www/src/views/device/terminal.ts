// As much of a terminal as the device's console asks for: lines end in CR LF, "\b \b" takes a character back, and
// "\r\x1b[K" clears the line that is being typed.

export function screen(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? "";
    if (letter === "\n") {
      lines.push(line);
      line = "";
    } else if (text.startsWith("\r\u001b[K", at)) {
      line = "";
      at += 3;
    } else if (letter === "\b") {
      line = line.slice(0, -1);
      // The blank that wipes it, and the step back over that.
      if (text.startsWith(" \b", at + 1)) at += 2;
    } else if (letter >= " ") line += letter;
  }
  return [...lines, line].join("\n");
}
