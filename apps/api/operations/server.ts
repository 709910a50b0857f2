import { Schema } from "effect";
import { NewToken, Token, TokenRequest } from "../tokens.ts";
import { json, type Operation } from "./operation.ts";
import { AnyObject, page } from "./shapes.ts";

export const serverOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/healthz",
    summary: "Whether the server answers",
    scope: "open",
    answer: json(Schema.Struct({ status: Schema.Literal("ok") })),
  },
  {
    method: "get",
    path: "/",
    summary: "A page that lists the runs and follows one",
    scope: "open",
    answer: { status: 200, type: "text/html" },
  },
  {
    method: "get",
    path: "/reference",
    summary: "This document as a page",
    scope: "open",
    answer: { status: 200, type: "text/html" },
  },
  {
    method: "get",
    path: "/openapi.json",
    summary: "This document",
    scope: "open",
    answer: json(AnyObject),
  },
  {
    method: "get",
    path: "/metrics",
    summary: "Counters and gauges as Prometheus reads them",
    scope: "read",
    answer: { status: 200, type: "text/plain" },
  },
  {
    method: "post",
    path: "/api/tokens",
    summary: "Make a token; it is told this once",
    scope: "admin",
    body: TokenRequest,
    answer: json(NewToken, 201),
  },
  {
    method: "get",
    path: "/api/tokens",
    summary: "The tokens, without what they are",
    scope: "admin",
    answer: json(page(Token)),
  },
  {
    method: "delete",
    path: "/api/tokens/{id}",
    summary: "Take a token back",
    scope: "admin",
    answer: { status: 204 },
  },
  {
    method: "post",
    path: "/grading/{id}/api/judge",
    summary: "Grade a completion of a reinforcement job of this server",
    scope: "judge",
    answer: json(AnyObject),
  },
];
