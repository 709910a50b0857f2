/** Where Java and what runs on it lie. */
export const jvm: readonly string[] = ["/usr/lib/jvm", "/etc/java*"];
