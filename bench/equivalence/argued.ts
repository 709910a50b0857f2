/** Cases whose marker the checker contradicts, by id, each with the argument that the verdict is right. */
export const ARGUED: ReadonlyMap<string, string> = new Map([]);
