export { Sandbox, type SandboxOptions } from "./sandbox.ts";
export { decodeJudgeRequest, type JudgeRequest } from "./request.ts";
export { type Judgement, type TestJudgement, type VerdictClass, verdicts } from "./judgement.ts";
export type { LanguageStatus } from "./installed.ts";
export type { Language } from "./languages/language.ts";
export { languages } from "./languages/mod.ts";
export { SandboxError } from "./errors.ts";
export { type Json, parseJson, printJson } from "./json.ts";
export { type Limits, resolveLimits } from "./limits.ts";
