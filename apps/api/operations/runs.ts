import { Schema } from "effect";
import { CompareQuery, MetricsQuery, RolloutsQuery } from "../results.ts";
import { ListQuery, RunRequest } from "../runs.ts";
import { json, type Operation } from "./operation.ts";
import { AnyObject, Estimate, page, Run, Share } from "./shapes.ts";

const Matrix = Schema.NullOr(Schema.Array(Schema.Array(Schema.NullOr(Share))));

export const runOperations: readonly Operation[] = [
  {
    method: "post",
    path: "/api/runs",
    summary: "Queue a run of a recipe",
    scope: "runs",
    body: RunRequest,
    answer: json(Run, 201),
  },
  {
    method: "post",
    path: "/api/runs/estimate",
    summary: "Memory, disk and time that a run would take on this device",
    scope: "runs",
    body: RunRequest,
    answer: json(Estimate),
  },
  {
    method: "get",
    path: "/api/runs",
    summary: "The runs, newest first",
    scope: "read",
    query: ListQuery,
    answer: json(page(Run)),
  },
  { method: "get", path: "/api/runs/{id}", summary: "A run", scope: "read", answer: json(Run) },
  {
    method: "delete",
    path: "/api/runs/{id}",
    summary: "Delete a run that does not run, with all its files",
    scope: "runs",
    answer: { status: 204 },
  },
  ...(["pause", "resume", "cancel"] as const).map((what): Operation => ({
    method: "post",
    path: `/api/runs/{id}/${what}`,
    summary: {
      pause: "Stop a queued or running run until it is resumed",
      resume: "Put a run that stopped before its end back into the queue",
      cancel: "End a run",
    }[what],
    scope: "runs",
    answer: json(Run),
  })),
  {
    method: "get",
    path: "/api/runs/{id}/events",
    summary: "The run's events, from the first or after Last-Event-ID, until it has ended",
    scope: "read",
    headers: { "Last-Event-ID": "The id of the last event that is known" },
    answer: { status: 200, type: "text/event-stream" },
  },
  {
    method: "get",
    path: "/api/runs/{id}/metrics",
    summary: "One object a step, thinned to so many points",
    scope: "read",
    query: MetricsQuery,
    answer: json(page(AnyObject)),
  },
  {
    method: "get",
    path: "/api/runs/{id}/metrics.jsonl",
    summary: "The metrics as lines of JSON",
    scope: "read",
    answer: { status: 200, type: "application/jsonl" },
  },
  {
    method: "get",
    path: "/api/runs/{id}/metrics.csv",
    summary: "The metrics as CSV",
    scope: "read",
    answer: { status: 200, type: "text/csv" },
  },
  {
    method: "get",
    path: "/api/runs/{id}/tensorboard",
    summary: "The metrics as a TensorBoard event file",
    scope: "read",
    answer: { status: 200, type: "application/octet-stream" },
  },
  {
    method: "get",
    path: "/api/runs/{id}/rollouts",
    summary: "What the model wrote, and what it was worth",
    scope: "read",
    query: RolloutsQuery,
    answer: json(page(AnyObject)),
  },
  {
    method: "get",
    path: "/api/runs/{id}/checkpoints",
    summary: "What the run can go on from",
    scope: "read",
    answer: json(
      page(Schema.Struct({ step: Schema.Int, bytes: Schema.Int, created_at: Schema.String })),
    ),
  },
  ...(["adapter", "model"] as const).map((what): Operation => ({
    method: "get",
    path: `/api/runs/{id}/${what}`,
    summary: `The ${what} that the run made, as a tar file`,
    scope: "read",
    answer: { status: 200, type: "application/x-tar" },
  })),
  {
    method: "get",
    path: "/api/runs/{id}/transfer",
    summary: "pass@1 from each language (row) to each (column)",
    scope: "read",
    answer: json(Schema.Struct({
      sources: Schema.Array(Schema.String),
      targets: Schema.Array(Schema.String),
      before: Matrix,
      after: Matrix,
    })),
  },
  {
    method: "get",
    path: "/api/runs/{id}/probe",
    summary: "What a probe of the model's representations found",
    scope: "read",
    answer: json(AnyObject),
  },
  {
    method: "get",
    path: "/api/compare",
    summary: "Runs beside each other, and where their recipes differ",
    scope: "read",
    query: CompareQuery,
    answer: json(Schema.Struct({
      runs: Schema.Array(Run),
      differences: Schema.Array(
        Schema.Struct({ key: Schema.String, values: Schema.Array(Schema.Unknown) }),
      ),
    })),
  },
];
