/** Prompt, generate, extract the code, judge, reward: used by training, evaluation and the API alike. */
export { looksLikeTable } from "./audit.ts";
export { editOnce } from "./edit.ts";
export { extract } from "./extract.ts";
export { type Case, type Fresh, freshCases } from "./fresh.ts";
export { type Ask, type Judge, locally, rememberingJudge, remoteSandbox } from "./judge.ts";
export { type EngineError, onEngine } from "./on_engine.ts";
export { type Problem, type ProblemKind, Problems } from "./problem.ts";
export { render } from "./prompt.ts";
export { type Rollout, rollOut, type RolloutOptions, sampleRollouts } from "./rollout.ts";
