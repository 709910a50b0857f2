/** Where Java and what runs on it lie. */
export const jvm: readonly string[] = ["/usr/lib/jvm", "/etc/java*"];

/** Fast to start rather than fast in the long run. */
export const jvmOptions: readonly string[] = [
  "-Xshare:auto",
  "-XX:TieredStopAtLevel=1",
  "-XX:+UseSerialGC",
  "-XX:-UsePerfData",
  "-Xss16m",
];

/** What a virtual machine needs beyond its program's limits. */
export const jvmAllowance = { cpu: 2, memory_mb: 256 };
