/** Where the first of these texts begins. */
export const placeOfStop = (text: string, stops: readonly string[]): number | undefined => {
  const places = stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
  return places.length > 0 ? Math.min(...places) : undefined;
};
