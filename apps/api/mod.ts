export { type App, app, type AppOptions } from "./app.ts";
export { newToken } from "./holder.ts";
export { type Limits } from "./limits.ts";
export { openServer, type ServerOptions } from "./server.ts";
