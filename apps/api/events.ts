/** `Last-Event-ID`: the last id that the client has; `undefined` if the header is no such number. */
export const lastEventId = (header: string | undefined): number | undefined =>
  header === undefined || header === ""
    ? 0
    : /^\d{1,15}$/.test(header)
    ? Number(header)
    : undefined;
