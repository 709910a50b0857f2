export { type Prompts, promptsOf } from "../../tools/prompts.ts";
