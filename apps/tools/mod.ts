export { asUserError, type ErrorCode, ERRORS, UserError } from "./errors.ts";
export { type Decodable, decodeInput, describeIssue } from "./input.ts";
export { parseExact, stringifyExact } from "./json.ts";
export { answerOne, type OpenTool, type Tool } from "./tool.ts";
