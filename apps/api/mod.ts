export { type App, app, type AppOptions } from "./app.ts";
export { newToken } from "./auth.ts";
export { openServer, type ServerOptions } from "./server.ts";
