import type { Operation } from "./operation.ts";
import { openaiOperations } from "./openai.ts";
import { runOperations } from "./runs.ts";
import { serverOperations } from "./server.ts";
import { toolOperations } from "./tools.ts";

export type { Operation } from "./operation.ts";

export const OPERATIONS: readonly Operation[] = [
  ...runOperations,
  ...toolOperations,
  ...openaiOperations,
  ...serverOperations,
];

/** The operation that a request asks for; a HEAD is a GET without its body. */
export const operationOf = (method: string, path: string): Operation | undefined => {
  const asked = method === "HEAD" ? "get" : method.toLowerCase();
  return PATTERNS.find(({ operation, pattern }) => operation.method === asked && pattern.test(path))
    ?.operation;
};

const PATTERNS = OPERATIONS.map((operation) => ({
  operation,
  pattern: new RegExp(
    `^${
      operation.path.replaceAll(".", "\\.").replaceAll(/\{\w+\+\}/g, ".+")
        .replaceAll(/\{\w+\}/g, "[^/]+")
    }$`,
  ),
}));
