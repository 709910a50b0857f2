export { asUserError, type ErrorCode, ERRORS, UserError } from "./errors.ts";
export { type Decodable, decodeInput, describeIssue } from "./input.ts";
export { parseExact, stringifyExact } from "./json.ts";
export { makeTool, type Tool } from "./tool.ts";
