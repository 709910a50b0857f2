/**
 * What a token may be used for: `read` looks at runs, models and files, `runs` makes and changes them,
 * `tools` checks, judges and generates, and `admin` is all of these and the tokens themselves.
 */
export const SCOPES = ["read", "runs", "tools", "admin"] as const;
export type Scope = typeof SCOPES[number];
