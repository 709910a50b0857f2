"""Runs programs for the sandbox, each in a bubblewrap of its own, and measures them.

It is a process apart because a JavaScript runtime cannot wait4(2): only the parent of a process learns what the whole
tree below it used. It is small, so that starting a program from it is cheap, and it keeps to its time limits while the
runtime is busy. As root it becomes nobody, or no limit on processes would hold.

In, one JSON object a line:
  {"id", "folder", "files"?: {name: text}, "remove"?: true, "argv"?: [...], "view"?: [...], "limits"?: [[kind, number]],
   "tools"?: [fd], "stdin"?: text, "mark"?: text, "cpu_ms", "wall_ms", "memory_kb", "output_bytes"}
                                                          write the files, run argv, remove the folder
  {"kill": id}                                            end that run
First line in: {"seccomp": [byte], "tools": [path], "bubblewrap": path, "memory_bytes", "processes", "at_once"}, the last three for all runs together. Out:
{"root", "cgroups": [folder]}, where the folders are to be removed when it has ended, then for every id
  {"id", "exit_code", "signal", "limit": null|"cpu"|"wall"|"memory"|"output"|"killed", "started", "starved",
   "cpu_ms", "wall_ms", "memory_kb", "stdout", "stderr", "marks": [[count, cpu_ms, wall_ms]...]}  or {"id", "fault"}
A view is bubblewrap's arguments for what the program sees of the system, and `argv` has the rest of them; a run without
one is not isolated. A mark is a text that the program prints when one case of several is done: each gets the limits anew.
"""

import collections
import ctypes
import json
import os
import re
import resource
import selectors
import shutil
import signal
import sys
import tempfile
import time

# Isolated from what lies about, Python does not look beside this file.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from views import BUBBLEWRAP, SEEN, Views

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
CHUNK = 1 << 16
EXCERPT_STDERR = 1 << 14


class Run:
    """One program: its pipes, what it wrote, and what it may use."""

    def __init__(self, job, selector):
        self.job = job
        self.selector = selector
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.output_bytes = 0
        self.status = bytearray()
        # Not isolated, argv is the program itself, in no namespace of its own.
        self.isolated = "view" in job
        self.stdin = memoryview(job.get("stdin", "").encode("utf-8", "surrogatepass"))
        self.mark = job.get("mark", "").encode()
        self.marks = []
        self.marks_seen = 0
        self.scan_from = 0
        self.limit = None
        self.starved = False
        self.peak_kb = 0
        self.cpu_ms = 0.0
        self.base_cpu_ms = 0.0
        self.wait_status = None
        self.usage = None
        self.child = None
        self.done = False
        self.open = {}
        self.spawn()

    def spawn(self):
        stdin, self_stdin = os.pipe2(os.O_CLOEXEC)
        self_stdout, stdout = os.pipe2(os.O_CLOEXEC)
        self_stderr, stderr = os.pipe2(os.O_CLOEXEC)
        self_status, status = os.pipe2(os.O_CLOEXEC)
        block, self.go = os.pipe2(os.O_CLOEXEC)
        theirs = (stdin, stdout, stderr, status, block)
        seccomp = os.memfd_create("filter", os.MFD_CLOEXEC)
        os.write(seccomp, SECCOMP)
        os.lseek(seccomp, 0, os.SEEK_SET)
        # Numbers out of the way of those that the argument list names.
        moved = [os.dup2(fd, high, False) for fd, high in ((stdin, 900), (stdout, 901), (stderr, 902))]
        os.dup2(status, 903, False)
        os.dup2(seccomp, 904, False)
        os.dup2(block, 905, False)
        actions = [(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate(moved)]
        actions += [(os.POSIX_SPAWN_DUP2, 903, STATUS_FD), (os.POSIX_SPAWN_DUP2, 904, SECCOMP_FD)]
        actions += [(os.POSIX_SPAWN_DUP2, 905, BLOCK_FD)]
        actions += [(os.POSIX_SPAWN_CLOSE, fd) for fd in (900, 901, 902, 903, 904, 905)]
        self.kills = CGROUP.kills()
        self.started_at = time.monotonic()
        self.base_at = self.started_at
        self.next_look = self.started_at + 0.01
        try:
            self.pid = self.start(actions)
        except OSError:
            for fd in (self_stdin, self_stdout, self_stderr, self_status, self.go):
                os.close(fd)
            raise
        finally:
            for fd in theirs + (seccomp, 900, 901, 902, 903, 904, 905):
                os.close(fd)
        if self.stdin:
            self.watch(self_stdin, selectors.EVENT_WRITE, self.feed)
        else:
            os.close(self_stdin)
        self.watch(self_stdout, selectors.EVENT_READ, self.read_stdout)
        self.watch(self_stderr, selectors.EVENT_READ, self.read_stderr)
        self.watch(self_status, selectors.EVENT_READ, self.read_status)
        self.watch(os.pidfd_open(self.pid), selectors.EVENT_READ, self.reap_bubblewrap)

    def start(self, actions):
        argv, view = self.job["argv"], self.job.get("view")
        if view is None or not VIEWS.possible:
            # Onto itself: that takes the mark close-on-exec away. Tools that this run does not name stay closed to it.
            actions = actions + [(os.POSIX_SPAWN_DUP2, fd, fd) for fd in self.job.get("tools", ())]
            return spawned([argv[0], *(view or ()), *argv[1:]], actions, setsid=not self.isolated)
        argv = [BUBBLEWRAP, "--dev-bind", SEEN, "/", *argv[1:]]
        return VIEWS.started_in(view, lambda: spawned(argv, actions))

    def watch(self, fd, events, action):
        os.set_blocking(fd, False)
        self.open[fd] = action
        self.selector.register(fd, events, (self, action))

    def close(self, fd):
        if self.open.pop(fd, None):
            self.selector.unregister(fd)
            os.close(fd)

    def feed(self, fd):
        try:
            self.stdin = self.stdin[os.write(fd, self.stdin[:CHUNK]):]
        except BlockingIOError:
            return
        except OSError:
            self.stdin = self.stdin[:0]
        if not self.stdin:
            self.close(fd)

    def take(self, fd):
        try:
            data = os.read(fd, CHUNK)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            self.close(fd)
        return data

    def read_stdout(self, fd):
        data = self.take(fd)
        if data:
            self.count(len(data))
            if self.limit != "output":
                self.stdout += data
                if self.mark:
                    self.count_marks()
        return data

    def read_stderr(self, fd):
        data = self.take(fd)
        if data:
            self.count(len(data))
            self.stderr += data[: max(0, EXCERPT_STDERR - len(self.stderr))]
        return data

    def read_status(self, fd):
        data = self.take(fd)
        if data:
            self.status += data[:4096]
            if self.go is not None and self.first_process():
                self.let_go()
        return data

    def let_go(self):
        """bubblewrap's first process waits until it has its limits: all that it starts will inherit them."""
        try:
            for kind, number in self.job.get("limits", ()):
                resource.prlimit(self.child, getattr(resource, kind), (number, number))
            os.write(self.go, b"+")
        except OSError:
            # It is gone already, or is to go: without limits it must not begin.
            self.end("killed")
        os.close(self.go)
        self.go = None

    def count(self, size):
        self.output_bytes += size
        if self.output_bytes > self.job["output_bytes"]:
            self.end("output")

    def count_marks(self):
        found = self.stdout.count(self.mark, self.scan_from)
        self.scan_from = max(self.scan_from, len(self.stdout) - len(self.mark) + 1)
        if found:
            # After the last one found, so that no mark is counted twice.
            self.scan_from = self.stdout.rfind(self.mark) + len(self.mark)
            self.marks_seen += found
            self.measure()
            now = time.monotonic()
            self.marks.append([found, self.cpu_ms - self.base_cpu_ms, (now - self.base_at) * 1000])
            self.base_cpu_ms, self.base_at = self.cpu_ms, now

    def processes(self):
        """Every process below bubblewrap's, those that left their parents too: they fall to its first child."""
        found, rest = ([] if self.isolated else [self.pid]), [self.pid]
        while rest:
            pid = rest.pop()
            try:
                with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
                    children = [int(child) for child in file.read().split()]
            except OSError:
                continue
            # Children of other threads than the main one are listed under those.
            try:
                threads = os.listdir(f"/proc/{pid}/task")
                for thread in threads[:64] if len(threads) > 1 else ():
                    if thread != str(pid):
                        with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                            children += [int(child) for child in file.read().split()]
            except OSError:
                pass
            found += children
            rest += children
        return found

    def measure(self):
        """Updates CPU time and peak memory from /proc; returns the memory in use, in KiB."""
        cpu = memory = 0.0
        last = None
        for pid in self.processes():
            try:
                with open(f"/proc/{pid}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
                cpu += sum(map(int, fields[11:15]))
                with open(f"/proc/{pid}/status", "rb") as file:
                    for line in file:
                        if line.startswith((b"RssAnon", b"RssShmem")):
                            memory += int(line.split()[1])
                last = pid
            except (OSError, IndexError):
                continue
        if last is not None:
            try:
                disk = os.statvfs(f"/proc/{last}/root/tmp")
                # Before bubblewrap has changed its root, this is the host's.
                if disk.f_blocks * disk.f_frsize == int(self.job["memory_kb"]) * 1024:
                    memory += (disk.f_blocks - disk.f_bfree) * disk.f_frsize / 1024
            except OSError:
                pass
        self.cpu_ms = max(self.cpu_ms, cpu * TICK_MS)
        self.peak_kb = max(self.peak_kb, memory)
        return memory

    def look(self, now):
        """Called now and then: has it used up what it may?"""
        memory = self.measure()
        if memory > self.job["memory_kb"]:
            self.end("memory")
        elif self.cpu_ms - self.base_cpu_ms > self.job["cpu_ms"]:
            self.end("cpu")
        elif (now - self.base_at) * 1000 > self.job["wall_ms"]:
            self.starved = self.waited_for_cpu(now)
            self.end("wall")
        self.next_look = now + min(0.025, max(0.01, (now - self.started_at) / 8))

    def waited_for_cpu(self, now):
        """True when the program stood in the queue of runnable processes for a fifth of its time or more: the machine
        was busy, the program did not sleep."""
        waited = 0
        for pid in self.processes():
            try:
                with open(f"/proc/{pid}/schedstat", "rb") as file:
                    waited += int(file.read().split()[1])
            except (OSError, IndexError):
                return True
        return waited / 1e9 > 0.2 * (now - self.base_at)

    def end(self, limit):
        if self.limit is None:
            self.limit = limit
        if not self.isolated:
            self.kill_all()
            return
        # The first process of the namespace takes all others with it.
        try:
            os.kill(self.child or self.first_process() or self.pid, signal.SIGKILL)
        except OSError:
            pass

    def kill_all(self):
        """Without a namespace: the tree below, and the session. Who has left both lives on."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except OSError:
            pass

    def first_process(self):
        """The host's number of the process that the program's namespace knows as 1; bubblewrap tells it."""
        if self.child is None:
            found = re.search(rb'"child-pid": *(\d+)', self.status)
            self.child = int(found[1]) if found else None
        return self.child

    def reap_bubblewrap(self, fd):
        """bubblewrap ends with the program, and does not wait for the rest of the namespace: that falls to this
        process, as the nearest subreaper."""
        self.close(fd)
        if not self.isolated:
            self.kill_all()
        _, self.wait_status, usage = os.wait4(self.pid, 0)
        self.ended_at = time.monotonic()
        if not self.isolated:
            self.usage = usage
            self.finish()
            return
        for each in [each for each, action in self.open.items() if action == self.read_status]:
            self.read_status(each)
        child = self.first_process()
        try:
            self.watch(os.pidfd_open(child), selectors.EVENT_READ, self.reap) if child else self.finish()
        except OSError:
            self.finish()

    def reap(self, fd):
        self.close(fd)
        try:
            self.usage = os.wait4(self.child, 0)[2]
        except OSError:
            pass
        self.finish()

    def finish(self):
        # All writers are gone with the namespace: what the pipes still hold is all there will be.
        for rest in (self.read_stdout, self.read_stderr, self.read_status):
            for each in [each for each, action in self.open.items() if action == rest]:
                # Nothing to read and still open: a process that got away holds it.
                while each in self.open and rest(each) is not None:
                    pass
        for each in list(self.open):
            self.close(each)
        if self.go is not None:
            os.close(self.go)
            self.go = None
        self.done = True

    def result(self):
        usage = self.usage
        code = os.waitstatus_to_exitcode(self.wait_status)
        cpu_ms, memory_kb = self.cpu_ms, self.peak_kb
        if usage is not None:
            cpu_ms = (usage.ru_utime + usage.ru_stime) * 1000
            memory_kb = max(memory_kb, usage.ru_maxrss)
        limit = self.limit
        if limit is None and memory_kb > self.job["memory_kb"]:
            limit = "memory"
        if limit is None and code in (-signal.SIGKILL, 128 + signal.SIGKILL) and CGROUP.kills() > self.kills:
            # All runs together had no more memory; whose fault that is, only a run by itself can tell.
            return {"id": self.job["id"], "fault": "the sandbox's memory was used up by all runs together"}
        return {
            "id": self.job["id"],
            "exit_code": code if code >= 0 else None,
            "signal": -code if code < 0 else code - 128 if 128 < code <= 192 else None,
            "limit": limit,
            "started": not self.isolated or b"exit-code" in self.status or limit is not None,
            "starved": self.starved,
            "cpu_ms": cpu_ms,
            "wall_ms": (self.ended_at - self.started_at) * 1000,
            "memory_kb": int(memory_kb),
            "stdout": self.stdout.decode("utf-8", "surrogateescape"),
            "stderr": self.stderr.decode("utf-8", "replace"),
            "marks": self.marks,
        }


def spawned(argv, actions, setsid=False):
    return os.posix_spawn(
        argv[0],
        argv,
        {"PATH": "/usr/bin:/bin"},
        file_actions=actions,
        setsigdef=[signal.SIGPIPE, signal.SIGINT],
        setsid=setsid,
    )


class Cgroup:
    """One control group for all runs, where the machine lets this process make one: what stands behind the limits of each
    run when many exceed theirs between two looks. Swap counts as memory. Moving every run into a group of its own
    would cost more than starting it: the kernel waits for all processors."""

    def __init__(self, memory_bytes, processes):
        self.folders = []
        self.events = None
        for line in lines_of("/proc/self/cgroup"):
            _, controllers, path = line.strip().split(":", 2)
            for controller in controllers.split(","):
                self.enter(controller, path, memory_bytes, processes)

    def enter(self, controller, path, memory_bytes, processes):
        if controller == "":
            root, settings = "/sys/fs/cgroup", {
                "memory.max": memory_bytes, "memory.swap.max": 0, "memory.oom.group": 0, "pids.max": processes,
            }
        elif controller == "memory":
            root, settings = "/sys/fs/cgroup/memory", {
                "memory.limit_in_bytes": memory_bytes, "memory.memsw.limit_in_bytes": memory_bytes,
            }
        elif controller == "pids":
            root, settings = "/sys/fs/cgroup/pids", {"pids.max": processes}
        else:
            return
        own = root + path.rstrip("/") if os.path.isdir(root + path) else root
        # The second version lets no group have processes and limited groups below it: then one above may do.
        parents = [own] + (list(above(own, root)) if controller == "" else [])
        folder = next(filter(None, (self.made(parent, settings) for parent in parents)), None)
        if folder is None:
            return
        self.folders.append(folder)
        for name in ("memory.events", "memory.oom_control"):
            if os.path.exists(os.path.join(folder, name)):
                self.events = os.path.join(folder, name)

    def made(self, parent, settings):
        """The folder of a group below `parent` that this process is in now, or None."""
        folder = os.path.join(parent, "calque-%d" % os.getpid())
        required = next(iter(settings))
        try:
            if not os.path.exists(os.path.join(parent, "cgroup.procs")):
                return None
            # Of those that were killed.
            for name in os.listdir(parent):
                if name.startswith("calque-"):
                    leave(os.path.join(parent, name))
            os.mkdir(folder)
        except OSError:
            return None
        try:
            for name, value in settings.items():
                if name == required or os.path.exists(os.path.join(folder, name)):
                    write_text(os.path.join(folder, name), str(value))
            write_text(os.path.join(folder, "cgroup.procs"), str(os.getpid()))
            return folder
        except OSError:
            leave(folder)
            return None

    def kills(self):
        """How many processes the group's limit has killed."""
        lines = lines_of(self.events) if self.events else []
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


def above(folder, root):
    while folder != root:
        folder = os.path.dirname(folder)
        yield folder


def leave(folder):
    """Removes a group in which nothing runs; one that lives stays."""
    try:
        os.rmdir(folder)
    except OSError:
        pass


def lines_of(path):
    try:
        with open(path) as file:
            return file.read().splitlines()
    except OSError:
        return []


def write_text(path, text):
    with open(path, "w") as file:
        file.write(text)


class Supervisor:
    def __init__(self, root, at_once):
        self.root = root
        self.selector = selectors.DefaultSelector()
        self.runs = {}
        # Sent ahead of their turn, so that one can start in the moment that another ends.
        self.waiting = collections.deque()
        self.at_once = at_once
        self.inbox = bytearray()
        self.outbox = bytearray()

    def write_files(self, job):
        folder = os.path.join(self.root, job["folder"])
        if "files" in job:
            os.makedirs(folder, mode=0o755, exist_ok=True)
        for name, text in job.get("files", {}).items():
            path = os.path.join(folder, name)
            if "/" in name:
                os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(text.encode("utf-8", "surrogatepass"))

    def accept(self, job):
        if "kill" in job:
            run = self.runs.get(job["kill"])
            if run:
                run.end("killed")
            for waiting in [each for each in self.waiting if each["id"] == job["kill"]]:
                self.waiting.remove(waiting)
                self.answer({"id": job["kill"], "fault": "it was given up before it began"})
            return
        if "argv" in job:
            self.waiting.append(job)
            return
        self.attempt(job)

    def start_waiting(self):
        # A program that has ended needs no processor: its namespaces take their time to go.
        while self.waiting and sum(run.wait_status is None for run in self.runs.values()) < self.at_once:
            self.attempt(self.waiting.popleft())

    def attempt(self, job):
        try:
            self.write_files(job)
            if "argv" in job:
                self.runs[job["id"]] = Run(job, self.selector)
                return
            self.tidy(job)
            self.answer({"id": job["id"]})
        except (OSError, ValueError) as error:
            self.tidy(job)
            self.answer({"id": job["id"], "fault": str(error)})

    def tidy(self, job):
        if job.get("remove"):
            shutil.rmtree(os.path.join(self.root, job["folder"]), ignore_errors=True)

    def answer(self, message):
        self.outbox += json.dumps(message).encode() + b"\n"

    def read_jobs(self):
        data = os.read(0, 1 << 20)
        if not data:
            return False
        self.inbox += data
        *lines, rest = self.inbox.split(b"\n")
        self.inbox = bytearray(rest)
        for line in lines:
            self.accept(json.loads(line))
        return True

    def serve(self):
        self.selector.register(0, selectors.EVENT_READ, None)
        alive = True
        while alive:
            now = time.monotonic()
            wait = min((run.next_look for run in self.runs.values()), default=now + 60) - now
            for key, _ in self.selector.select(max(0.0, wait)):
                if key.data is None:
                    alive = self.read_jobs()
                elif key.fd in key.data[0].open:
                    key.data[1](key.fd)
            now = time.monotonic()
            for identity, run in list(self.runs.items()):
                if run.done:
                    del self.runs[identity]
                    self.tidy(run.job)
                    self.answer(run.result())
                elif now >= run.next_look:
                    run.look(now)
            self.start_waiting()
            while self.outbox:
                del self.outbox[: os.write(1, self.outbox[: 1 << 20])]
        for run in self.runs.values():
            run.end("killed")


STATUS_FD, SECCOMP_FD, BLOCK_FD, FIRST_TOOL_FD = 40, 41, 42, 50
NOBODY = 65534
PR_SET_CHILD_SUBREAPER = 36
SECCOMP = b""
CGROUP = None
VIEWS = None


def main():
    global SECCOMP, CGROUP, VIEWS
    # What whoever started this left open would be open to every program.
    for fd in map(int, os.listdir("/proc/self/fd")):
        if fd > 2:
            try:
                os.close(fd)
            except OSError:
                pass
    start = json.loads(sys.stdin.buffer.readline())
    SECCOMP = bytes(start["seccomp"])
    # While the rights to reach them are there: a tool may lie in the folder of a user that nobody may not enter.
    reachable = Reachable()
    tools = [reachable.path(path) for path in start["tools"]]
    for number, path in enumerate(tools):
        os.dup2(os.open(path, os.O_PATH), FIRST_TOOL_FD + number, False)
    CGROUP = Cgroup(start["memory_bytes"], start["processes"])
    if may_be_nobody():
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")
    except OSError:
        pass
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    root = tempfile.mkdtemp(prefix="calque-sandbox-")
    os.chmod(root, 0o755)
    VIEWS = Views(root, start["bubblewrap"], lambda number: tools[number - FIRST_TOOL_FD])
    try:
        print(json.dumps({"root": root, "cgroups": CGROUP.folders}), flush=True)
        Supervisor(root, start["at_once"]).serve()
    finally:
        shutil.rmtree(root, ignore_errors=True)
        reachable.close()


class Reachable:
    """Where nobody finds a tool. bubblewrap looks for the path even of an open file, so a tool behind a closed folder gets a
    second name (or, on another file system, a copy) in a folder of nobody's."""

    def __init__(self):
        self.folder = None

    def path(self, path):
        if not may_be_nobody() or all(open_to_all(part) for part in [path, *parents(path)]):
            return path
        if self.folder is None:
            self.folder = tempfile.mkdtemp(prefix="calque-tools-")
            os.chmod(self.folder, 0o755)
            os.chown(self.folder, NOBODY, NOBODY)
        name = os.path.join(self.folder, str(len(os.listdir(self.folder))))
        try:
            if not open_to_all(path):
                raise OSError
            os.link(path, name)
        except OSError:
            shutil.copyfile(path, name)
            os.chmod(name, 0o755)
        return name

    def close(self):
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def may_be_nobody():
    """True for the machine's root; root of a container that knows no other user is nobody special already."""
    maps = [list(map(int, line.split())) for line in lines_of("/proc/self/uid_map")]
    known = any(first <= NOBODY < first + count for first, _, count in maps)
    return os.geteuid() == 0 and known and lines_of("/proc/self/setgroups") != ["deny"]


def parents(path):
    while path != "/":
        path = os.path.dirname(path)
        yield path


def open_to_all(path):
    return os.stat(path).st_mode & 0o001 != 0


main()
