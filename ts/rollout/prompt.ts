/** Fills `{name}` in a template; a name that has no value stands as it is, braces and all. */
export const render = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(
    /\{(\w+)\}/g,
    (whole, name: string) => Object.hasOwn(values, name) ? values[name]! : whole,
  );
