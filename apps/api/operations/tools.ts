import { Schema } from "effect";
import { verdicts } from "../../../ts/sandbox/mod.ts";
import { GenerateRequest, TranslateRequest } from "../asking.ts";
import { RunCodeAnswer, RunCodeRequest, SubmitAnswer, SubmitRequest } from "../sandbox_fusion.ts";
import { CheckInput } from "../../tools/check.ts";
import { TokenIds } from "../../tools/tokens.ts";
import { JudgeRequest } from "../../../ts/sandbox/mod.ts";
import { json, type Operation } from "./operation.ts";

/** Every tool takes an `id` that it gives back. */
const id = { id: Schema.optionalKey(Schema.Unknown) };

const Checked = Schema.Struct({
  ...id,
  verdict: Schema.Literals(["proved", "refuted", "unknown"]),
  ms: Schema.Finite,
});

const Judged = Schema.Struct({
  ...id,
  verdict: Schema.Literals(verdicts),
  tests: Schema.Array(Schema.Struct({
    verdict: Schema.Literals(verdicts),
    cpu_ms: Schema.Finite,
    wall_ms: Schema.Finite,
    memory_kb: Schema.Finite,
    exit_code: Schema.optionalKey(Schema.Int),
    signal: Schema.optionalKey(Schema.String),
    stdout: Schema.optionalKey(Schema.String),
    stderr: Schema.optionalKey(Schema.String),
  })),
  compile: Schema.optionalKey(Schema.Struct({ ok: Schema.Boolean, message: Schema.String })),
});

const TokenizeRequest = Schema.Struct({
  ...id,
  /** A tokenizer within the server's reach; its own if not given. */
  tokenizer: Schema.optionalKey(Schema.String),
  text: Schema.optionalKey(Schema.String),
  special: Schema.optionalKey(Schema.Boolean),
  ids: Schema.optionalKey(TokenIds),
  skip_special: Schema.optionalKey(Schema.Boolean),
});

const Tokenized = Schema.Struct({
  ...id,
  ids: Schema.optionalKey(TokenIds),
  text: Schema.optionalKey(Schema.String),
});

const sample = {
  index: Schema.Int,
  ids: TokenIds,
  text: Schema.NullOr(Schema.String),
  logprobs: Schema.Array(Schema.Finite),
  finish_reason: Schema.Literals(["stop", "length"]),
};

const tool = (
  name: string,
  summary: string,
  body: Schema.Top,
  answer: Schema.Top,
): Operation => ({
  method: "post",
  path: `/api/${name}`,
  summary,
  scope: "tools",
  body,
  answer: json(answer),
});

const withId = (schema: { readonly fields: Schema.Struct.Fields }) =>
  Schema.Struct({ ...schema.fields, ...id });

export const toolOperations: readonly Operation[] = [
  tool("check", "Whether one LLVM IR function refines another", withId(CheckInput), Checked),
  tool("tokenize", "Text to tokens, or `ids` back to text", TokenizeRequest, Tokenized),
  tool("judge", "Run a program against its tests", withId(JudgeRequest), Judged),
  tool(
    "generate",
    "Go on from a prompt; the sample, or `samples` where n is more than 1",
    withId(GenerateRequest),
    Schema.Union([
      Schema.Struct({ ...id, ...sample }),
      Schema.Struct({ ...id, samples: Schema.Array(Schema.Struct(sample)) }),
    ]),
  ),
  tool(
    "translate",
    "A program in another language; it is not run",
    withId(TranslateRequest),
    Schema.Struct({
      ...id,
      code: Schema.String,
      finish_reason: Schema.Literals(["stop", "length"]),
    }),
  ),
  {
    method: "post",
    path: "/run_code",
    summary: "SandboxFusion: run a program once",
    scope: "tools",
    body: RunCodeRequest,
    answer: json(RunCodeAnswer),
  },
  {
    method: "post",
    path: "/submit",
    summary: "SandboxFusion: judge a completion against standard input and output",
    scope: "tools",
    body: SubmitRequest,
    answer: json(SubmitAnswer),
  },
];
