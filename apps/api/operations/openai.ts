import { Schema } from "effect";
import { ChatRequest, CompletionRequest } from "../openai/chat_request.ts";
import { GraderRun, GraderValidation } from "../openai/graders.ts";
import { JobRequest } from "../openai/job_request.ts";
import { FilePage, JobPage, Page } from "../openai/queries.ts";
import { json, type Operation } from "./operation.ts";
import { AnyObject, wirePage } from "./shapes.ts";

const File = Schema.Struct({
  id: Schema.String,
  object: Schema.Literal("file"),
  bytes: Schema.Int,
  created_at: Schema.Int,
  filename: Schema.String,
  purpose: Schema.String,
  status: Schema.Literal("processed"),
}).annotate({ identifier: "File" });

const Job = Schema.Struct({
  id: Schema.String,
  object: Schema.Literal("fine_tuning.job"),
  created_at: Schema.Int,
  finished_at: Schema.NullOr(Schema.Int),
  estimated_finish: Schema.Null,
  status: Schema.Literals(["queued", "running", "paused", "succeeded", "failed", "cancelled"]),
  model: Schema.String,
  fine_tuned_model: Schema.NullOr(Schema.String),
  organization_id: Schema.String,
  result_files: Schema.Array(Schema.String),
  trained_tokens: Schema.NullOr(Schema.Finite),
  training_file: Schema.String,
  validation_file: Schema.NullOr(Schema.String),
  hyperparameters: AnyObject,
  seed: Schema.Int,
  method: AnyObject,
  error: Schema.NullOr(Schema.Struct({
    code: Schema.String,
    message: Schema.String,
    param: Schema.NullOr(Schema.String),
  })),
  integrations: Schema.Array(Schema.Unknown),
  suffix: Schema.NullOr(Schema.String),
  metadata: Schema.Record(Schema.String, Schema.String),
}).annotate({ identifier: "FineTuningJob" });

const JobEvent = Schema.Struct({
  id: Schema.String,
  object: Schema.Literal("fine_tuning.job.event"),
  created_at: Schema.Int,
  level: Schema.Literals(["info", "warn", "error"]),
  message: Schema.String,
  type: Schema.Literals(["message", "metrics"]),
  data: Schema.Unknown,
}).annotate({ identifier: "FineTuningJobEvent" });

const Checkpoint = Schema.Struct({
  id: Schema.String,
  object: Schema.Literal("fine_tuning.job.checkpoint"),
  created_at: Schema.Int,
  fine_tuning_job_id: Schema.String,
  fine_tuned_model_checkpoint: Schema.String,
  step_number: Schema.Int,
  metrics: AnyObject,
}).annotate({ identifier: "FineTuningCheckpoint" });

const Model = Schema.Struct({
  id: Schema.String,
  object: Schema.Literal("model"),
  created: Schema.Int,
  owned_by: Schema.String,
}).annotate({ identifier: "Model" });

const Deleted = Schema.Struct({
  id: Schema.String,
  object: Schema.String,
  deleted: Schema.Boolean,
});

export const openaiOperations: readonly Operation[] = [
  {
    method: "post",
    path: "/v1/files",
    summary: "Upload a file",
    scope: "runs",
    body: "multipart",
    answer: json(File),
  },
  {
    method: "get",
    path: "/v1/files",
    summary: "The files",
    scope: "read",
    query: FilePage,
    answer: json(wirePage(File)),
  },
  { method: "get", path: "/v1/files/{id}", summary: "A file", scope: "read", answer: json(File) },
  {
    method: "get",
    path: "/v1/files/{id}/content",
    summary: "What is in a file",
    scope: "read",
    answer: { status: 200, type: "application/octet-stream" },
  },
  {
    method: "delete",
    path: "/v1/files/{id}",
    summary: "Delete a file",
    scope: "runs",
    answer: json(Deleted),
  },
  {
    method: "post",
    path: "/v1/fine_tuning/jobs",
    summary: "Create a fine-tuning job",
    scope: "runs",
    body: JobRequest,
    answer: json(Job),
  },
  {
    method: "get",
    path: "/v1/fine_tuning/jobs",
    summary: "The jobs, newest first; metadata[NAME]=VALUE chooses among them",
    scope: "read",
    query: JobPage,
    answer: json(wirePage(Job)),
  },
  {
    method: "get",
    path: "/v1/fine_tuning/jobs/{id}",
    summary: "A job",
    scope: "read",
    answer: json(Job),
  },
  ...(["cancel", "pause", "resume"] as const).map((what): Operation => ({
    method: "post",
    path: `/v1/fine_tuning/jobs/{id}/${what}`,
    summary: `${what.charAt(0).toUpperCase()}${what.slice(1)} a job`,
    scope: "runs",
    answer: json(Job),
  })),
  {
    method: "get",
    path: "/v1/fine_tuning/jobs/{id}/events",
    summary: "A job's events, newest first",
    scope: "read",
    query: Page,
    answer: json(wirePage(JobEvent)),
  },
  {
    method: "get",
    path: "/v1/fine_tuning/jobs/{id}/checkpoints",
    summary: "A job's checkpoints, newest first",
    scope: "read",
    query: Page,
    answer: json(wirePage(Checkpoint)),
  },
  {
    method: "post",
    path: "/v1/fine_tuning/alpha/graders/validate",
    summary: "Whether a grader is one",
    scope: "tools",
    body: GraderValidation,
    answer: json(AnyObject),
  },
  {
    method: "post",
    path: "/v1/fine_tuning/alpha/graders/run",
    summary: "Grade one sample",
    scope: "tools",
    body: GraderRun,
    answer: json(AnyObject),
  },
  {
    method: "get",
    path: "/v1/models",
    summary: "The models: bundled, added and tuned",
    scope: "read",
    answer: json(Schema.Struct({ object: Schema.Literal("list"), data: Schema.Array(Model) })),
  },
  {
    method: "get",
    path: "/v1/models/{id+}",
    summary: "A model",
    scope: "read",
    answer: json(Model),
  },
  {
    method: "delete",
    path: "/v1/models/{id+}",
    summary: "Delete a tuned model",
    scope: "runs",
    answer: json(Deleted),
  },
  {
    method: "post",
    path: "/v1/chat/completions",
    summary: "Chat; server-sent chunks where `stream` is true",
    scope: "tools",
    body: ChatRequest,
    answer: json(AnyObject),
  },
  {
    method: "post",
    path: "/v1/completions",
    summary: "Go on from a prompt; server-sent chunks where `stream` is true",
    scope: "tools",
    body: CompletionRequest,
    answer: json(AnyObject),
  },
];
