import { type Confinement, environment, processLimits } from "./isolation.ts";

/**
 * The command as it runs where nobody keeps it in: with its limits, and with all the rights of this process. What it
 * would see as /work, /opt/prepared and /opt/TOOL is named by where it lies.
 */
export const unconfine = (
  confinement: Confinement,
  command: readonly string[],
  files?: Readonly<Record<string, string>>,
): { readonly argv: readonly string[]; readonly files?: Readonly<Record<string, string>> } => {
  const { work, prepared, tools = [] } = confinement;
  const place = (text: string) => {
    let placed = text.replaceAll("/work", work);
    if (prepared !== undefined && prepared.at === undefined) {
      placed = placed.replaceAll("/opt/prepared", prepared.path);
    }
    for (const [fd, path] of tools) placed = placed.replaceAll(path, `/proc/self/fd/${fd}`);
    return placed;
  };
  const variables = Object.entries({ ...environment, ...confinement.environment })
    .map(([name, value]) => `${name}=${place(value)}`);
  return {
    argv: [
      "/usr/bin/env",
      "-i",
      "-C",
      "/tmp",
      ...variables,
      "prlimit",
      ...Object.entries(processLimits(confinement)).map(([name, value]) => `--${name}=${value}`),
      ...command.map(place),
    ],
    ...(files === undefined ? {} : { files: placed(files, work) }),
  };
};

/** Harnesses name the folder of their program; here it lies elsewhere. */
const placed = (
  files: Readonly<Record<string, string>>,
  work: string,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, text.replaceAll("/work/", `${work}/`)]),
  );
