"""What programs see of the system, mounted once for all runs that see the same.

bubblewrap reads the whole list of mounts again for each one that it makes: two dozen of them cost more than all else that
it does. So each view is made once, in a mount namespace of its own that holds nothing else, and bubblewrap is
started there with one recursive mount of it. A namespace that only an open file holds ends with this process.
"""

import ctypes
import os

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18,
)
MNT_DETACH = 2
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
PR_SET_DUMPABLE = 4
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
LIBC = ctypes.CDLL(None, use_errno=True)
# Where a view's namespace has what: bubblewrap itself, and what programs will see as their root.
BUBBLEWRAP, SEEN = "/bwrap", "/view"


class Views:
    """The views made so far. `possible` is false where this process may make no namespace (some systems let only
    bubblewrap do so): then bubblewrap makes every mount of a view itself, each time."""

    def __init__(self, root, bubblewrap, tool):
        self.root = root
        self.bubblewrap = bubblewrap
        # The path of a tool that is named by its number.
        self.tool = tool
        self.made = {}
        self.possible = succeeds(self.trial)
        if self.possible:
            own_namespaces()
            self.home = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)

    def trial(self):
        own_namespaces()
        mount("none", self.root, "tmpfs", 0)

    def started_in(self, view, start):
        """What `start` answers when it is called in the namespace of `view`, a list of bubblewrap's arguments."""
        namespace = self.made.get(tuple(view))
        if namespace is None:
            namespace = self.made[tuple(view)] = self.make(view)
        enter(namespace)
        try:
            return start()
        finally:
            enter(self.home)

    def make(self, view):
        """The open file of a new namespace: a child makes it, this process takes hold of it, and the child goes."""
        ready, tell_ready = os.pipe2(os.O_CLOEXEC)
        go, tell_go = os.pipe2(os.O_CLOEXEC)
        child = os.fork()
        if child == 0:
            try:
                self.build(view)
                os.write(tell_ready, b"+")
                os.close(tell_go)
                os.read(go, 1)
            except BaseException as error:
                os.write(tell_ready, b"-%s" % str(error).encode())
            os._exit(0)
        os.close(tell_ready)
        os.close(go)
        try:
            said = os.read(ready, 4096)
            if said[:1] != b"+":
                raise OSError("what programs see cannot be mounted: %s" % said[1:].decode())
            return os.open("/proc/%d/ns/mnt" % child, os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(ready)
            os.close(tell_go)
            os.waitpid(child, 0)

    def build(self, view):
        check(LIBC.unshare(CLONE_NEWNS), "unshare")
        mount(None, "/", None, MS_REC | MS_PRIVATE)
        # The new root is mounted where the folder of all jobs is, which stays within reach by this file.
        jobs = os.open(self.root, os.O_PATH)
        new = self.root
        mount("none", new, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4m")
        at = 0
        while at < len(view):
            words = view[at : at + WORDS[view[at]]]
            self.add(new + SEEN, *words)
            at += len(words)
        # What bubblewrap itself needs: its libraries are those that programs see.
        for name in ("bin", "etc", "lib", "lib32", "lib64", "usr"):
            os.symlink(SEEN + "/" + name, new + "/" + name)
        bind(self.bubblewrap, new + BUBBLEWRAP)
        bind("/proc", new + "/proc", fixed=False)
        os.makedirs(new + self.root)
        # Without what is mounted on it now.
        mount("/proc/self/fd/%d" % jobs, new + self.root, None, MS_BIND)
        os.makedirs(new + "/tmp", exist_ok=True)
        os.mkdir(new + "/old")
        remount(new, MS_RDONLY | MS_NOSUID | MS_NODEV)
        os.chdir(new)
        call = PIVOT_ROOT[os.uname().machine]
        check(LIBC.syscall(call, b".", b"old"), "pivot_root")
        os.chdir("/")
        check(LIBC.umount2(b"/old", MNT_DETACH), "umount")

    def add(self, seen, kind, *words):
        if kind == "--ro-bind":
            bind(words[0], seen + words[1])
        elif kind == "--ro-bind-fd":
            bind(self.tool(int(words[0])), seen + words[1])
        elif kind == "--dev-bind":
            bind(words[0], seen + words[1], devices=True)
        elif kind == "--symlink":
            os.makedirs(os.path.dirname(seen + words[1]), exist_ok=True)
            os.symlink(words[0], seen + words[1])
        elif kind == "--dir":
            os.makedirs(seen + words[0], exist_ok=True)


# How many words each argument of a view takes; the root is always mounted to be read only.
WORDS = {"--ro-bind": 3, "--ro-bind-fd": 3, "--dev-bind": 3, "--symlink": 3, "--dir": 2, "--remount-ro": 2}


def own_namespaces():
    """This process in namespaces of users and mounts in which it may mount, as the same user as before."""
    user, group = os.geteuid(), os.getegid()
    # Whoever changed its user may not write its own maps, without this.
    LIBC.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    check(LIBC.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", "%d %d 1" % (user, user)), ("gid_map", "%d %d 1" % (group, group))):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)
    mount(None, "/", None, MS_REC | MS_PRIVATE)


def succeeds(action):
    """Whether a child of this process can do it."""
    child = os.fork()
    if child == 0:
        try:
            action()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def enter(namespace):
    check(LIBC.setns(namespace, CLONE_NEWNS), "setns")


def mount(source, target, kind, flags, data=None):
    words = [word if word is None else os.fsencode(word) for word in (source, target, kind, data)]
    check(LIBC.mount(*words[:3], ctypes.c_ulong(flags), words[3]), target)


def bind(source, target, devices=False, fixed=True):
    """`source` seen as `target`, which is made; with all that is mounted below it, and to be read only if `fixed`."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    before = mounts() if fixed else {}
    mount(source, target, None, MS_BIND | MS_REC)
    if fixed:
        for number, path in mounts().items():
            if number not in before:
                remount(path, MS_RDONLY | MS_NOSUID | (0 if devices else MS_NODEV))


def remount(path, flags):
    # What the mount already forbids must be said again, or the kernel refuses.
    kept = os.statvfs(path).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount(None, path, None, MS_REMOUNT | MS_BIND | flags | kept)


def mounts():
    """Where what is mounted, by the mount's number."""
    with open("/proc/self/mountinfo", "rb") as file:
        lines = [line.split() for line in file]
    return {words[0]: words[4].decode("unicode_escape").encode("latin-1") for words in lines}


def check(answer, what):
    if answer != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))
