type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI document as one page without scripts. */
export const referencePage = (document: Json): string => {
  const { info, paths, components } = document as {
    readonly info: { readonly title: string; readonly description: string };
    readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
    readonly components: { readonly schemas: Readonly<Record<string, Json>> };
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation }))
  );
  const tags = [...new Set(operations.map(({ operation }) => (operation["tags"] as string[])[0]!))];
  const sections = tags.map((tag) =>
    `<h2 id="${tag}">${tag}</h2>` +
    operations.filter(({ operation }) => (operation["tags"] as string[])[0] === tag)
      .map(({ path, method, operation }) => section(path, method, operation)).join("")
  );
  const schemas = Object.entries(components.schemas).map(([name, schema]) =>
    `<h3 id="schema-${name}">${escape(name)}</h3>${tree(schema)}`
  );
  const links = [...tags, "Schemas"].map((tag) => `<a href="#${tag}">${tag}</a>`).join(" ");
  return `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${escape(info.title)}: reference</title>
<style>${STYLE}</style><h1>${escape(info.title)}</h1><p>${escape(info.description)}</p>
<p>The same for programs: <a href="/openapi.json">/openapi.json</a></p><nav>${links}</nav>
${sections.join("")}<h2 id="Schemas">Schemas</h2>${schemas.join("")}</html>`;
};

const section = (path: string, method: string, operation: Json): string => {
  const { operationId, summary, parameters, requestBody, responses } = operation as unknown as {
    readonly operationId: string;
    readonly summary: string;
    readonly parameters: readonly {
      readonly name: string;
      readonly in: string;
      readonly required?: boolean;
      readonly schema: Json;
    }[];
    readonly requestBody?: {
      readonly content: Readonly<Record<string, { readonly schema?: Json }>>;
    };
    readonly responses: Readonly<
      Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Json }>> }>
    >;
  };
  const scope = operation["x-scope"];
  const rows = parameters.map((each) =>
    `<li><code>${escape(each.name)}</code> <em>${each.in}${
      each.required === true ? "" : ", optional"
    }</em> ${escape(brief(each.schema))}</li>`
  );
  const content = (
    title: string,
    kinds: Readonly<Record<string, { readonly schema?: Json }>> | undefined,
  ): string =>
    Object.entries(kinds ?? {}).map(([type, { schema }]) =>
      `<h4>${title} <small>${type}</small></h4>${schema === undefined ? "" : tree(schema)}`
    ).join("");
  const answers = Object.entries(responses).filter(([status]) => status !== "default")
    .map(([status, { content: kinds }]) =>
      kinds === undefined ? `<h4>${status}, empty</h4>` : content(`Answer ${status}`, kinds)
    );
  return `<section id="${operationId}"><h3><code class="${method}">${method.toUpperCase()}</code>
<code>${escape(path)}</code></h3><p>${escape(summary)}
<small>${scope === undefined ? "open to all" : `scope: ${scope}`}</small></p>${
    rows.length === 0 ? "" : `<h4>Parameters</h4><ul>${rows.join("")}</ul>`
  }${content("Body", requestBody?.content)}${answers.join("")}</section>`;
};

/** A schema as nested lists. */
const tree = (schema: Json): string => {
  const properties = schema["properties"] as Readonly<Record<string, Json>> | undefined;
  if (properties === undefined) return `<ul><li>${linked(schema)}</li></ul>`;
  const required = new Set(schema["required"] as readonly string[] | undefined);
  const items = Object.entries(properties).map(([name, inner]) => {
    const optional = required.has(name) ? "" : " <em>optional</em>";
    const nested = inner["properties"] === undefined ? "" : tree(inner);
    return `<li><code>${escape(name)}</code>${optional} ${linked(inner)}${nested}</li>`;
  });
  return `<ul>${items.join("")}</ul>`;
};

const linked = (schema: Json): string => {
  const description = schema["description"];
  return escape(brief(schema)).replaceAll(
    /#(\w+)/g,
    (_whole, name) => `<a href="#schema-${name}">${name}</a>`,
  ) + (typeof description === "string" ? ` <small>${escape(description)}</small>` : "");
};

/** A type in a few words. */
const brief = (schema: Json): string => {
  const reference = schema["$ref"];
  if (typeof reference === "string") return `#${reference.split("/").at(-1)}`;
  if (Array.isArray(schema["enum"])) {
    return schema["enum"].map((value) => JSON.stringify(value)).join(" | ");
  }
  if (Array.isArray(schema["anyOf"])) {
    return [...new Set((schema["anyOf"] as Json[]).map(brief))].join(" or ");
  }
  if (schema["type"] === "array") {
    const items = (schema["items"] ?? (schema["prefixItems"] as Json[] | undefined)?.[0]) as
      | Json
      | undefined;
    return `list of ${items === undefined ? "anything" : brief(items)}`;
  }
  const bounds = Object.entries(BOUNDS)
    .flatMap(([key, sign]) => schema[key] === undefined ? [] : [`${sign} ${schema[key]}`]);
  const type = schema["type"] === undefined ? "anything" : String(schema["type"]);
  return bounds.length === 0 ? type : `${type}, ${bounds.join(", ")}`;
};

const BOUNDS = {
  minimum: ">=",
  maximum: "<=",
  exclusiveMinimum: ">",
  minLength: "characters >=",
  maxLength: "characters <=",
  pattern: "like",
};

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

const STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8884; padding: .5rem 0; }
h2 { margin-top: 2.5rem; } h3 { margin: .5rem 0; } h4 { margin: .6rem 0 .1rem; }
nav a { margin-right: 1rem; } ul { margin: .2rem 0; padding-left: 1.4rem; }
code { font-family: ui-monospace, monospace; } small, em { opacity: .7; font-weight: normal; }
.get, .post, .delete { padding: .1rem .4rem; border-radius: .3rem; background: #4a90d933; }
.post { background: #3fa34d33; } .delete { background: #d94a4a33; }`;
