/**
 * The code in a completion's text (without its stop token): all of it, or its first fenced block. A
 * completion without a closed block has not followed the format, so it holds no code.
 */
export const extract = (text: string, how: "raw" | "fenced"): string => {
  if (how === "raw") return text;
  const block = /^[ \t]*(`{3,}|~{3,})[^\n]*\n([\s\S]*?)^[ \t]*\1[ \t]*$/m.exec(text);
  return block?.[2] ?? "";
};
