/** Headers of server-sent events: nothing on the way may keep them back. */
export const EVENT_STREAM = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
};
