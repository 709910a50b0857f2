/** Writes `recipes/schema.json`; a test holds the committed file against the schema in the code. */
import { writeFile } from "node:fs/promises";
import { formatSchema, schemaFile } from "./json_schema.ts";

await writeFile(schemaFile, formatSchema());
