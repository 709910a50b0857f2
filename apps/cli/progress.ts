import process from "node:process";

/**
 * A counter on stderr: rewritten in place on a terminal, elsewhere a plain line at every tenth part, so
 * that logs stay short.
 */
export const progressLine = (what: string): (done: number, of: number) => void => {
  const terminal = process.stderr.isTTY === true;
  let tenth = 0;
  return (done, of) => {
    if (terminal) {
      process.stderr.write(`\r\u001b[K${done}/${of} ${what}${done >= of ? "\n" : ""}`);
      return;
    }
    const now = of === 0 ? 10 : Math.floor(10 * done / of);
    if (now > tenth) {
      tenth = now;
      process.stderr.write(`${done}/${of} ${what}\n`);
    }
  };
};
