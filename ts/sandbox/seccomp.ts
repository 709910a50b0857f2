/**
 * The filter of system calls as a classic BPF program (seccomp(2)), in the form that `bwrap --seccomp` reads: an
 * array of `struct sock_filter {u16 code; u8 jt; u8 jf; u32 k}`.
 *
 * It forbids what no judged program needs and what has been a way out of namespaces before; everything else is
 * bounded by the namespaces and limits. A forbidden call answers EPERM; `clone3` answers ENOSYS, for its flags
 * lie in memory that a filter cannot read, and the C library then falls back to `clone`, whose flags can be read.
 */
export const seccompFilter = (architecture: string): Uint8Array => {
  const table = tables[architecture];
  if (table === undefined) {
    throw new Error(
      `no system call table for the architecture "${architecture}"; expected ${
        Object.keys(tables).join(" or ")
      }`,
    );
  }
  const program: Instruction[] = [
    [LOAD, 0, 0, OFFSET_ARCHITECTURE],
    [JUMP_EQUAL, 1, 0, table.audit],
    [RETURN, 0, 0, KILL],
    [LOAD, 0, 0, OFFSET_NUMBER],
  ];
  // The x32 calls are the same calls under other numbers.
  program.push([JUMP_GREATER_EQUAL, 0, 1, 0x40000000], [RETURN, 0, 0, errno(EPERM)]);
  for (const number of table.forbidden) {
    program.push([JUMP_EQUAL, 0, 1, number], [RETURN, 0, 0, errno(EPERM)]);
  }
  program.push([JUMP_EQUAL, 0, 1, CLONE3], [RETURN, 0, 0, errno(ENOSYS)]);
  program.push(
    [JUMP_EQUAL, 0, 4, table.clone],
    [LOAD, 0, 0, OFFSET_FIRST_ARGUMENT],
    [JUMP_SET, 0, 1, NEW_NAMESPACES],
    [RETURN, 0, 0, errno(EPERM)],
    [RETURN, 0, 0, ALLOW],
  );
  // Pairs of this machine's own are pipes that go both ways; a socket by itself leads nowhere here.
  program.push(
    [JUMP_EQUAL, 0, 1, table.socket],
    [RETURN, 0, 0, errno(EPERM)],
    [JUMP_EQUAL, 0, 4, table.socketpair],
    [LOAD, 0, 0, OFFSET_FIRST_ARGUMENT],
    [JUMP_EQUAL, 1, 0, AF_UNIX],
    [RETURN, 0, 0, errno(EPERM)],
    [RETURN, 0, 0, ALLOW],
  );
  program.push([RETURN, 0, 0, ALLOW]);

  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  program.forEach(([code, ifTrue, ifFalse, k], at) => {
    bytes.setUint16(at * 8, code, true);
    bytes.setUint8(at * 8 + 2, ifTrue);
    bytes.setUint8(at * 8 + 3, ifFalse);
    bytes.setUint32(at * 8 + 4, k, true);
  });
  return new Uint8Array(bytes.buffer);
};

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number];

const LOAD = 0x20, JUMP_EQUAL = 0x15, JUMP_GREATER_EQUAL = 0x35, JUMP_SET = 0x45, RETURN = 0x06;
const OFFSET_NUMBER = 0, OFFSET_ARCHITECTURE = 4, OFFSET_FIRST_ARGUMENT = 16;
const ALLOW = 0x7fff0000, KILL = 0x80000000;
const errno = (code: number) => 0x00050000 | code;
const EPERM = 1, ENOSYS = 38, AF_UNIX = 1, CLONE3 = 435;
/** CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET. */
const NEW_NAMESPACES = 0x7e020000;

interface Table {
  readonly audit: number;
  readonly clone: number;
  readonly socket: number;
  readonly socketpair: number;
  readonly forbidden: readonly number[];
}

/** Calls whose numbers all architectures share: io_uring, mount's successors, memory of other processes. */
const recent = [425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442, 447];

const tables: Record<string, Table> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    socket: 41,
    socketpair: 53,
    forbidden: [
      101, // ptrace
      165, // mount
      166, // umount2
      155, // pivot_root
      161, // chroot
      272, // unshare
      308, // setns
      248, // add_key
      249, // request_key
      250, // keyctl
      298, // perf_event_open
      321, // bpf
      323, // userfaultfd
      310, // process_vm_readv
      311, // process_vm_writev
      312, // kcmp
      319, // memfd_create: memory that no process is charged for
      29, // shmget, likewise
      64, // semget
      68, // msgget
      240, // mq_open
      246, // kexec_load
      320, // kexec_file_load
      175, // init_module
      313, // finit_module
      176, // delete_module
      169, // reboot
      303, // name_to_handle_at
      304, // open_by_handle_at
      103, // syslog
      163, // acct
      167, // swapon
      179, // quotactl
      ...recent,
    ],
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    socket: 198,
    socketpair: 199,
    forbidden: [
      117,
      40,
      39,
      41,
      51,
      97,
      268,
      217,
      218,
      219,
      241,
      280,
      282,
      270,
      271,
      272,
      279,
      194,
      190,
      186,
      180,
      104,
      294,
      105,
      273,
      106,
      142,
      264,
      265,
      116,
      89,
      224,
      60,
      ...recent,
    ],
  },
};
