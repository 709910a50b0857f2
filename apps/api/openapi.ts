import { Schema } from "effect";
import { type Operation, OPERATIONS } from "./operations/mod.ts";
import { OpenAIError, Problem } from "./operations/shapes.ts";

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI 3.1 document of the server, made of the schemas that requests are read with. */
export const openApiDocument = (): Json => {
  const definitions: Record<string, unknown> = {};
  const schemaOf = (schema: Schema.Top): Json => {
    const made = Schema.toJsonSchemaDocument(schema);
    Object.assign(definitions, relink(made.definitions));
    return relink(made.schema) as Json;
  };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    if (operation.scope === "judge") continue;
    const path = operation.path.replaceAll("+}", "}");
    (paths[path] ??= {})[operation.method] = describe(operation, schemaOf);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Calque",
      version: "1",
      description: "Runs of post-training, tools for programs and LLVM IR, OpenAI's fine-tuning " +
        "and chat wire, and SandboxFusion's. Every operation names the scope that its token needs.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: definitions,
    },
  };
};

const describe = (operation: Operation, schemaOf: (schema: Schema.Top) => Json): Json => {
  const { method, path, summary, scope, query, headers, body, answer } = operation;
  const isWire = path.startsWith("/v1/");
  const problemType = isWire ? "application/json" : "application/problem+json";
  const problem = {
    description: "What is wrong, where, and what was expected",
    content: { [problemType]: { schema: schemaOf(isWire ? OpenAIError : Problem) } },
  };
  return {
    operationId: nameOf(method, path),
    summary,
    tags: [tagOf(path)],
    ...(scope === "open" ? { security: [] } : { "x-scope": scope }),
    parameters: [
      ...[...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name]) => ({
        name,
        in: "path",
        required: true,
        schema: { type: "string" },
      })),
      ...(query === undefined ? [] : queryOf(query, schemaOf)),
      ...Object.entries(headers ?? {}).map(([name, description]) => ({
        name,
        in: "header",
        description,
        schema: { type: "string" },
      })),
    ],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: bodyOf(body, schemaOf) } }),
    responses: {
      [answer.status]: {
        description: summary,
        ...(answer.status === 204 ? {} : {
          content: {
            [answer.type ?? "application/json"]: answer.schema === undefined
              ? {}
              : { schema: schemaOf(answer.schema) },
          },
        }),
      },
      default: problem,
    },
  };
};

/** Query values are texts on the wire; the document tells what they mean. */
const queryOf = (query: Schema.Top, schemaOf: (schema: Schema.Top) => Json): readonly Json[] => {
  const { properties = {}, required = [] } = schemaOf(Schema.toType(query)) as {
    readonly properties?: Readonly<Record<string, Json>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
};

const bodyOf = (body: Schema.Top | "multipart", schemaOf: (schema: Schema.Top) => Json): Json =>
  body === "multipart"
    ? {
      "multipart/form-data": {
        schema: {
          type: "object",
          properties: {
            file: { type: "string", format: "binary" },
            purpose: { type: "string", enum: ["fine-tune", "evals", "user_data", "batch"] },
          },
          required: ["file", "purpose"],
        },
      },
    }
    : { "application/json": { schema: closed(schemaOf(body)) } };

/** Unknown keys of a request are errors. */
const closed = (json: unknown): unknown => {
  if (Array.isArray(json)) return json.map(closed);
  if (typeof json !== "object" || json === null) return json;
  const copy = Object.fromEntries(
    Object.entries(json).map(([key, value]) => [key, closed(value)]),
  );
  return copy["properties"] === undefined ? copy : { ...copy, additionalProperties: false };
};

const relink = (json: unknown): unknown => {
  if (Array.isArray(json)) return json.map(relink);
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) =>
      key === "$ref" && typeof value === "string"
        ? [key, value.replace("#/$defs/", "#/components/schemas/")]
        : [key, relink(value)]
    ),
  );
};

const tagOf = (path: string): string =>
  path.startsWith("/v1/")
    ? "OpenAI"
    : path.startsWith("/api/runs") || path === "/api/compare"
    ? "Runs"
    : path === "/run_code" || path === "/submit"
    ? "SandboxFusion"
    : path.startsWith("/api/tokens") || !path.startsWith("/api/")
    ? "Server"
    : "Tools";

/** `getApiRunsById`. */
const nameOf = (method: string, path: string): string =>
  method +
  path.split(/[/_.]/).filter((part) => part !== "").map((part) => {
    const parameter = /^\{(\w+)\+?\}$/.exec(part)?.[1];
    const word = parameter === undefined ? part : `by-${parameter}`;
    return word.split("-").map((each) => each.charAt(0).toUpperCase() + each.slice(1)).join("");
  }).join("") + (path === "/" ? "Page" : "");
