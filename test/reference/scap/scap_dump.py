#!/usr/bin/env python3
"""Reference reader for .scap captures: one TSV row per event.

    scap_dump.py FILE|-            rows, the ones sysdig shows by default
    scap_dump.py --count FILE      numbers only: blocks, event types, parameter counts
    scap_dump.py --all FILE        also internal events (procinfo, useradded, drop ...)
    scap_dump.py --exit-only FILE  without the enter events of system calls, as sysdig 0.41 prints it
    scap_dump.py --redact OUT FILE copy FILE to OUT with command lines and environments blanked

Columns: ns timestamp, cpu, tid, pid, comm, direction, type, result, fd, fd name, latency (ns).
"-" stands for "no value". Control bytes, backslash and non-UTF-8 bytes are escaped as \\xNN.
Reads the same tables as the reader it is held against, nothing else of it. Written for clarity, not for speed.
"""
import argparse
import collections
import gzip
import io
import json
import os
import socket
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TABLES = os.path.join(HERE, "../../../src/parse/scap/tables")

# ----------------------------------------------------------------------------- tables

_EV = json.load(open(os.path.join(TABLES, "events.json")))
EVENTS = _EV["events"]
LARGE = set(_EV["largeLengths"])
SKIP_RESET = set(_EV["skipParserReset"])
INTERNAL = set(_EV["internal"])
_SC = json.load(open(os.path.join(TABLES, "syscalls.json")))
SC_NAME = {c["code"]: c["name"] for c in _SC["codes"]}
SC_NAME_029 = {c["code"]: c.get("shown0.1.1", c["name"]) for c in _SC["codes"] if "since" not in c}
NATIVE_NAME = {n["nr"]: n["name"] for n in _SC["native"]}

TYPE_ID = {e["id"]: e["type"] for e in EVENTS}
PARAM = [{p["name"]: i for i, p in enumerate(e["params"])} for e in EVENTS]
FLAGS = [set(e["flags"]) for e in EVENTS]

GENERIC_E, GENERIC_X = 0, 1
USER_GROUP = set(range(354, 362))
CLONES = {TYPE_ID[n]: n for n in TYPE_ID
          if n.endswith("_X") and n.startswith(("SYSCALL_CLONE", "SYSCALL_FORK", "SYSCALL_VFORK"))}
EXECS = {TYPE_ID[n] for n in TYPE_ID if n.endswith("_X") and n.startswith("SYSCALL_EXECVE")}
CL_FILES, CL_THREAD, CL_IN_PIDNS = 1 << 0, 1 << 13, 1 << 29
AT_FDCWD = -100
NO_PATH = (b"", b"<NA>", b"(NULL)")     # the driver could not read the path
F_DUPFD, F_DUPFD_CLOEXEC = 1, 26
AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
L4_UNKNOWN, L4_NA, L4_TCP, L4_UDP, L4_ICMP, L4_RAW = range(6)

# ----------------------------------------------------------------------------- blocks

SHB, MI = 0x0A0D0D0A, 0x201
PL = {0x202: 1, 0x8000ABCD: 1, 0x207: 2, 0x8013ABCD: 2, 0x209: 3, 0x8014ABCD: 3,
      0x210: 4, 0x211: 5, 0x212: 6, 0x213: 7, 0x214: 8, 0x215: 9}
FDL = {0x203: 1, 0x8001ABCD: 1, 0x218: 2}
IL = {0x205: 1, 0x8011ABCD: 1, 0x219: 2}
UL = {0x206: 1, 0x8012ABCD: 1, 0x220: 2}
# event blocks: (has nparams in the header, has a flags word)
EV = {0x204: (False, False), 0x8010ABCD: (False, False), 0x208: (False, True),
      0x216: (True, False), 0x217: (True, True), 0x221: (True, False), 0x222: (True, True)}


def open_input(path):
    raw = sys.stdin.buffer if path == "-" else open(path, "rb")
    if not hasattr(raw, "peek"):
        raw = io.BufferedReader(raw)
    if raw.peek(2)[:2] == b"\x1f\x8b":
        return io.BufferedReader(gzip.GzipFile(fileobj=raw), 1 << 20)
    return raw


def read_exactly(f, n):
    parts = []
    while n:
        try:
            b = f.read(n)
        except EOFError:            # a gzip stream cut short
            b = b""
        if not b:
            break
        parts.append(b)
        n -= len(b)
    return b"".join(parts)


def blocks(f):
    """Yield (type, body) for each block; a cut-off last block ends the stream quietly."""
    while True:
        head = read_exactly(f, 8)
        if len(head) < 8:
            if head:
                print("scap_dump: stream ends inside a block header", file=sys.stderr)
            return
        btype, total = struct.unpack("<II", head)
        if btype == SHB and total > 0x100000:
            raise SystemExit("big-endian capture: not supported")
        if total < 12 or total % 4:
            raise SystemExit("bad block length %d" % total)
        rest = read_exactly(f, total - 8)
        if len(rest) < total - 8:
            print("scap_dump: stream ends inside a block", file=sys.stderr)
            return
        if struct.unpack_from("<I", rest, total - 12)[0] != total:
            raise SystemExit("block trailer does not match its header")
        yield btype, rest[:-4]


class Cursor:
    def __init__(self, data, pos=0):
        self.data, self.pos = data, pos

    def take(self, fmt):
        v = struct.unpack_from("<" + fmt, self.data, self.pos)
        self.pos += struct.calcsize("<" + fmt)
        return v[0] if len(v) == 1 else v

    def bytes16(self):
        n = self.take("H")
        start = self.pos
        self.pos += n
        if self.pos > len(self.data):
            raise struct.error("string runs past the block")
        return self.data[start:self.pos]


# ----------------------------------------------------------------------------- metadata

class Thread:
    def __init__(self, tid, pid=None, comm=None):
        self.tid, self.pid, self.comm = tid, pid, comm
        self.cwd = b""
        self.flags = 0
        self.fds = {}
        self.enter_type = None      # type of the last enter event
        self.enter_ts = 0
        self.enter = None           # its parameters
        self.last_fd = None
        self.inverted = False


class Fd:
    def __init__(self, name=b"", kind="", l4=L4_UNKNOWN, family=0):
        self.name, self.kind, self.l4, self.family = name, kind, l4, family

    def copy(self):
        return Fd(self.name, self.kind, self.l4, self.family)


def ip4(b):
    return ".".join(str(x) for x in b)


def ip6(b):
    return socket.inet_ntop(socket.AF_INET6, bytes(b))


def is_mapped(b):
    """sysdig's test for an IPv4-mapped IPv6 address (all zeros counts too)."""
    return bytes(b[:10]) == b"\0" * 10 and (bytes(b[10:12]) == b"\xff\xff" or not any(b))


def endpoints(family, sip, sport, dip, dport, l4):
    if family == AF_INET6 and is_mapped(sip) and is_mapped(dip):
        family, sip, dip = AF_INET, sip[12:], dip[12:]
    show = ip4 if family == AF_INET else ip6
    if l4 in (L4_ICMP, L4_RAW):
        return ("%s->%s" % (show(sip), show(dip))).encode()
    return ("%s:%d->%s:%d" % (show(sip), sport, show(dip), dport)).encode()


def read_proc_list(body, version, blank=None):
    """Yield Thread objects. With `blank`, call blank(start, end) for args and env ranges."""
    c = Cursor(body)
    while len(body) - c.pos >= 4:
        start = c.pos
        sub = c.take("I") if version >= 9 else 0
        tid, pid, ptid = c.take("qqq")
        if version >= 6:
            c.take("q")                          # session id
        if version >= 8:
            c.take("q")                          # process group as seen in its pid namespace
        comm = c.bytes16()
        exe = c.bytes16()
        if version >= 7:
            c.bytes16()                          # path of the executable
        args = c.bytes16()
        if blank and args:
            blank(c.pos - len(args), c.pos)
        t = Thread(tid, pid, comm)
        t.cwd = c.bytes16()
        c.take("Q")                              # limit of open files
        t.flags, _uid, _gid = c.take("III")
        if version >= 2:
            c.take("IIIQQ")                      # vm size, rss, swap (KiB), major, minor faults
        if version >= 3:
            env = c.bytes16()
            if blank and env:
                blank(c.pos - len(env), c.pos)
        if version >= 4:
            c.take("qq")                         # tid and pid in the pid namespace
            c.bytes16()                          # cgroups
        if version >= 5:
            c.bytes16()                          # root directory
        t.ptid, t.exe = ptid, exe
        if sub:
            c.pos = start + sub                  # newer fields: not needed here
        yield t


def read_fd_list(body, version):
    """Return (tid, {fd: Fd})."""
    c = Cursor(body)
    tid = c.take("q")
    fds = {}
    while len(body) - c.pos >= 4:
        start = c.pos
        sub = c.take("I") if version >= 2 else 0
        num, _ino, kind = c.take("qQB")
        if kind == 3:                            # IPv4 connection
            sip, dip, sport, dport, l4 = c.take("4s4sHHB")
            fd = Fd(("%s:%d->%s:%d" % (ip4(sip), sport, ip4(dip), dport)).encode(), "4", l4, AF_INET)
        elif kind == 5:                          # IPv4 listener / bound socket
            ip, port, l4 = c.take("4sHB")
            fd = Fd(("%s:%d" % (ip4(ip), port)).encode(), "4", l4, AF_INET)
        elif kind == 4:                          # IPv6 connection
            sip, dip, sport, dport, l4 = c.take("16s16sHHB")
            if is_mapped(sip) and is_mapped(dip):
                name = "%s:%d->%s:%d" % (ip4(sip[12:]), sport, ip4(dip[12:]), dport)
            else:
                name = "%s:%d->%s:%d" % (ip6(sip), sport, ip6(dip), dport)
            fd = Fd(name.encode(), "6", l4, AF_INET6)
        elif kind == 6:                          # IPv6 listener
            ip, port, l4 = c.take("16sHB")
            fd = Fd(("%s:%d" % (ip6(ip), port)).encode(), "6", l4, AF_INET6)
        elif kind == 8:                          # unix socket
            c.take("QQ")
            fd = Fd(c.bytes16(), "u", L4_NA, AF_UNIX)
        elif kind == 16:                         # regular file with open flags
            c.take("I")
            fd = Fd(c.bytes16(), "f", L4_NA)
        elif kind == 0 or kind > 21:
            fd = Fd(b"", "?", L4_NA)
            if not sub:
                break                            # cannot find the next entry
        else:                                    # everything else is a name
            fd = Fd(c.bytes16(), "o", L4_NA)
        fds[num] = fd
        if sub:
            c.pos = start + sub
    return tid, fds


# ----------------------------------------------------------------------------- events

class Event:
    """One event; parameters are sliced out of the block on demand."""

    def __init__(self, body, btype):
        has_n, has_flags = EV[btype]
        self.cpu = struct.unpack_from("<H", body)[0]
        pos = 6 if has_flags else 2
        self.dump_flags = struct.unpack_from("<I", body, 2)[0] if has_flags else 0
        self.ts, self.tid, self.len, self.type = struct.unpack_from("<QqIH", body, pos)
        self.body, self.base = body, pos
        width = 4 if self.type in LARGE else 2
        if has_n:
            n = struct.unpack_from("<I", body, pos + 22)[0]
            lens_at = pos + 26
        else:
            lens_at = pos + 22
            n = self._guess_count(body, lens_at, pos + self.len)
        self.lens = struct.unpack_from("<%d%s" % (n, "I" if width == 4 else "H"), body, lens_at)
        at = lens_at + n * width
        self.offsets = []
        for size in self.lens:
            self.offsets.append(at)
            at += size
        if at > len(body):
            raise struct.error("parameters run past the block")

    def _guess_count(self, body, lens_at, end):
        """Blocks without a parameter count: take the largest count whose lengths fill the event."""
        known = len(EVENTS[self.type]["params"]) if self.type < len(EVENTS) else 0
        for n in range(known, -1, -1):
            if lens_at + 2 * n > end:
                continue
            lens = struct.unpack_from("<%dH" % n, body, lens_at)
            if lens_at + 2 * n + sum(lens) == end:
                return n
        raise struct.error("no parameter count fits")

    def raw(self, i):
        if i is None or i >= len(self.lens):
            return b""
        return self.body[self.offsets[i]:self.offsets[i] + self.lens[i]]

    def num(self, i, signed=True):
        b = self.raw(i)
        if len(b) not in (1, 2, 4, 8):
            return None
        return int.from_bytes(b, "little", signed=signed)

    def text(self, i):
        return self.raw(i).split(b"\0", 1)[0]

    def index(self, name):
        return PARAM[self.type].get(name) if self.type < len(PARAM) else None

    def get(self, name, signed=True):
        return self.num(self.index(name), signed)

    def fd(self, i):
        """A descriptor; some drivers store a 32-bit -1 or -100 without extending its sign."""
        v = self.num(i)
        return v - (1 << 32) if v is not None and 0x7FFFFFFF < v <= 0xFFFFFFFF else v

    @property
    def is_exit(self):
        return bool(self.type & 1)


def event_name(e, enter=None, style="native"):
    """Name of the event. A generic event with code 0 is named by its native number, which before
    libs 0.22 only the enter event carries. `style` 0.29 or 0.36 names it as those versions print it
    (0.41 prints the "native" names)."""
    if e.type >= len(EVENTS):
        return "type%d" % e.type
    if e.type not in (GENERIC_E, GENERIC_X):
        return EVENTS[e.type]["name"]
    code = e.num(0, False) or 0
    if style == "0.29":
        return SC_NAME_029.get(code, "<unknown>")
    if code == 0:
        native = e.num(1, False)
        if native is None and style == "native" and enter is not None and enter.type == GENERIC_E:
            native = enter.num(1, False)
        return NATIVE_NAME.get(native, "unknown")
    return SC_NAME.get(code, "unknown")


def result(e):
    """`res`, or the new descriptor of a call that returns one (exit events only)."""
    if not e.is_exit or e.type >= len(EVENTS):
        return None
    r = e.get("res")
    if r is None and "CREATES_FD" in FLAGS[e.type]:
        r = e.get("fd")
    return r


def join_path(base, name):
    if name.startswith(b"/") or not base:
        full = name
    else:
        full = base.rstrip(b"/") + b"/" + name
    out = []
    for part in full.split(b"/"):
        if part in (b"", b"."):
            continue
        if part == b"..":
            if out:
                out.pop()
            continue
        out.append(part)
    lead = b"/" if full.startswith(b"/") else b""
    return lead + b"/".join(out) if out or lead else b""


def decode_tuple(b, l4):
    """SOCKTUPLE -> (family, name) or None."""
    if not b:
        return None
    fam = b[0]
    if fam == AF_INET and len(b) >= 13:
        sip, sport, dip, dport = struct.unpack_from("<4sH4sH", b, 1)
        return fam, endpoints(fam, sip, sport, dip, dport, l4)
    if fam == AF_INET6 and len(b) >= 37:
        sip, sport, dip, dport = struct.unpack_from("<16sH16sH", b, 1)
        return fam, endpoints(fam, sip, sport, dip, dport, l4)
    if fam == AF_UNIX and len(b) >= 17:
        src, dst = struct.unpack_from("<QQ", b, 1)
        return fam, b"%x->%x %s" % (src, dst, b[17:].split(b"\0", 1)[0])
    return None


def decode_addr(b):
    if not b:
        return None
    fam = b[0]
    if fam == AF_INET and len(b) >= 7:
        ip, port = struct.unpack_from("<4sH", b, 1)
        return fam, ("%s:%d" % (ip4(ip), port)).encode()
    if fam == AF_INET6 and len(b) >= 19:
        ip, port = struct.unpack_from("<16sH", b, 1)
        return fam, ("%s:%d" % (ip6(ip), port)).encode()
    if fam == AF_UNIX:
        return fam, b[1:].split(b"\0", 1)[0]
    return None


def l4_of_socket(domain, kind, proto):
    """The transport that sysdig assigns to socket(domain, type, protocol)."""
    if domain not in (AF_INET, AF_INET6):
        return L4_NA
    raw = kind == 3
    if proto == 6:
        return L4_RAW if raw else L4_TCP
    if proto == 17:
        return L4_RAW if raw else L4_UDP
    if proto == 1:
        return L4_RAW if raw else L4_ICMP
    if proto == 255:
        return L4_RAW
    if proto == 0:
        return {1: L4_TCP, 2: L4_UDP}.get(kind & 0xFF, L4_UNKNOWN)
    return L4_UNKNOWN


class Row:
    __slots__ = ("e", "t", "fd", "fdname", "latency", "comm", "pid", "enter")


class Tracker:
    """Thread table and descriptor tables, fed with the metadata blocks and then every event."""

    def __init__(self):
        self.threads = {}
        self.dead = None            # thread to forget after the current row
        self.closed = None          # (table, fd) to forget after the current row
        self.failed_path = None     # path of an open that failed

    # -- metadata
    def add_proc(self, t):
        self.threads[t.tid] = t

    def add_fds(self, tid, fds):
        if tid in self.threads:
            self.threads[tid].fds.update(fds)

    def table(self, t):
        """Threads of a process share the table of its main thread."""
        if t.flags & CL_FILES and t.pid not in (None, t.tid):
            main = self.threads.get(t.pid)
            if main is not None:
                return main.fds
        return t.fds

    def cwd(self, t):
        main = self.threads.get(t.pid) if t.flags & CL_THREAD else None
        return (main or t).cwd

    # -- events
    def feed(self, e):
        if self.dead is not None:
            self.threads.pop(self.dead, None)
            self.dead = None
        if self.closed is not None:
            self.closed[0].pop(self.closed[1], None)
            self.closed = None
        self.failed_path = None
        row = Row()
        row.e, row.fd, row.fdname, row.latency, row.enter = e, None, None, None, None
        t = self.threads.get(e.tid)
        known = e.type < len(EVENTS)
        flags = FLAGS[e.type] if known else set()
        meta = (not known or e.type in SKIP_RESET or e.type in USER_GROUP
                or "METAEVENT" in EVENTS[e.type]["category"] or "switch" == EVENTS[e.type]["name"])
        if t is None and not meta and e.type not in CLONES:
            t = self.threads[e.tid] = Thread(e.tid)          # unknown until a clone or exec names it
        if t is None and e.type in CLONES:
            self.clone(e, None)
            t = self.threads.get(e.tid)
        elif t is not None and not meta:
            if e.is_exit:
                if t.enter_type == e.type - 1 or (e.type in EXECS and t.enter_type == TYPE_ID["SYSCALL_EXECVEAT_E"]):
                    row.latency, row.enter = e.ts - t.enter_ts, t.enter
                else:
                    t.enter = None
                    t.last_fd = None
            else:
                t.enter_type, t.enter_ts, t.enter, t.last_fd = e.type, e.ts, e, None
            if flags & {"USES_FD", "DESTROYS_FD"} and e.type not in (TYPE_ID["SOCKET_SETSOCKOPT_E"],):
                self.find_fd(e, t)
            self.update(e, t)
            t = self.threads.get(e.tid)
        row.t = t
        row.comm = t.comm if t else None
        row.pid = t.pid if t else None
        if t is not None and flags & {"USES_FD", "CREATES_FD", "DESTROYS_FD"} and (t.last_fd or 0) >= 0 and t.last_fd is not None:
            row.fd = t.last_fd
            fd = self.table(t).get(t.last_fd)
            row.fdname = fd.name if fd is not None else None
        if self.failed_path is not None:
            row.fdname = self.failed_path
        if e.is_exit and t is not None and not meta:
            t.enter_type = None
        return row

    def find_fd(self, e, t):
        """Descriptor a call works on: first FD parameter of the enter, or of the exit (newer libs)."""
        if not e.is_exit:
            for i, p in enumerate(EVENTS[e.type]["params"]):
                if p["type"] == "FD":
                    t.last_fd = e.fd(i)
                    return
        elif e.type == TYPE_ID["SYSCALL_COPY_FILE_RANGE_X"]:
            t.last_fd = e.get("fdout")
        elif t.last_fd is None:
            for i, p in enumerate(EVENTS[e.type]["params"]):
                if p["type"] == "FD" and p["name"] != "res" and e.fd(i) is not None:
                    t.last_fd = e.fd(i)
                    return

    def add_fd(self, t, num, fd):
        self.table(t)[num] = fd
        t.last_fd = num

    def param(self, e, t, name, signed=True):
        """A parameter of the exit event, or of the enter event it belongs to."""
        i = e.index(name)
        if i is not None and i < len(e.lens) and e.lens[i]:
            return e.num(i, signed)
        if t.enter is not None:
            return t.enter.get(name, signed)
        return None

    def raw_param(self, e, t, name):
        i = e.index(name)
        if i is not None and i < len(e.lens) and e.lens[i]:
            return e.raw(i)
        if t.enter is not None:
            return t.enter.raw(t.enter.index(name)) if t.enter.index(name) is not None else b""
        return b""

    def update(self, e, t):
        name = EVENTS[e.type]["id"]
        if e.type in CLONES:
            self.clone(e, t)
        elif e.type in EXECS:
            self.execve(e, t)
        elif name in ("PROCEXIT_E", "PROCEXIT_1_E"):
            self.dead = e.tid
        elif name == "SOCKET_CONNECT_E":
            self.connect_target(t, e.raw(1))
        elif e.is_exit:
            f = getattr(self, "x_" + EVENTS[e.type]["name"], None)
            if f:
                f(e, t)

    def clone(self, e, t):
        res = e.get("res")
        if res is None or res < 0:
            return
        flags = e.get("flags", False) or 0
        tid, vtid = e.get("tid"), e.get("vtid")
        inside = bool(flags & CL_IN_PIDNS) or (vtid is not None and vtid != e.tid)
        if res == 0:                                 # in the child
            if t is not None and t.comm is not None:
                return
            parent = self.threads.get(e.get("pid") if flags & CL_THREAD else e.get("ptid"))
            child, inverted = e.tid, True
        else:                                        # in the parent
            if inside:
                return                               # the number is relative to the namespace: wait for the child
            parent, child, inverted = t, res, False
            old = self.threads.get(child)
            if old is not None and old.inverted:
                return
        n = Thread(child, e.get("pid") if flags & CL_THREAD else child)
        i = e.index("comm")
        n.comm = e.text(i if i is not None else e.index("exe"))
        n.flags, n.inverted = flags, inverted
        if parent is not None:
            n.cwd = self.cwd(parent)
            if not flags & CL_THREAD:
                n.fds = {k: v.copy() for k, v in self.table(parent).items()}
        self.threads[child] = n

    def execve(self, e, t):
        if (e.get("res") or 0) < 0:
            return
        i = e.index("comm")
        comm = e.text(i) if i is not None else e.text(e.index("exe")).rsplit(b"/", 1)[-1]
        t.comm, t.pid = comm, e.get("pid")
        t.flags &= ~(CL_THREAD | CL_FILES)
        cwd = e.text(e.index("cwd"))
        if cwd:
            t.cwd = cwd

    # -- descriptors
    def x_open(self, e, t):
        if e.type == TYPE_ID["SYSCALL_OPENAT_X"]:
            return
        fd = e.get("fd")
        name = e.text(e.index("name"))
        if name in NO_PATH and t.enter is not None and t.enter.index("name") is not None:
            name = t.enter.text(t.enter.index("name"))
        dirfd = self.param(e, t, "dirfd")
        if dirfd is not None and 0x7FFFFFFF < dirfd <= 0xFFFFFFFF:
            dirfd -= 1 << 32
        if dirfd is None or dirfd == AT_FDCWD:
            base = self.cwd(t)
        else:
            d = self.table(t).get(dirfd)
            base = d.name if d is not None else b"<UNKNOWN>"
        path = join_path(base, name)
        if fd is not None and fd >= 0:
            self.add_fd(t, fd, Fd(path, "f", L4_NA))
        else:
            self.failed_path = path                  # shown on this row only

    x_openat = x_openat2 = x_creat = x_open

    def x_open_by_handle_at(self, e, t):
        fd = e.get("fd")
        if fd is not None and fd >= 0:
            self.add_fd(t, fd, Fd(e.text(e.index("path")), "f", L4_NA))

    def x_close(self, e, t):
        if e.get("res") is not None and e.get("res") >= 0 and t.last_fd is not None:
            self.closed = (self.table(t), t.last_fd)

    def x_close_range(self, e, t):
        if (e.get("res") or 0) == 0 and not (e.get("flags", False) or 0) & 1 << 2:
            first, last = e.get("first", False), e.get("last", False)
            for fd in [k for k in self.table(t) if first <= k <= last]:
                self.table(t).pop(fd)

    def x_socket(self, e, t):
        fd = e.get("fd")
        if fd is None or fd < 0:
            return
        domain = self.param(e, t, "domain", False) or 0
        l4 = l4_of_socket(domain, self.param(e, t, "type", False) or 0, self.param(e, t, "proto", False) or 0)
        self.add_fd(t, fd, Fd(b"", "s", l4, domain))

    def x_socketpair(self, e, t):
        if e.get("res") == 0:
            for which in ("fd1", "fd2"):
                self.table(t)[e.get(which)] = Fd(b"%x->%x" % (e.get("source", False), e.get("peer", False)), "u", L4_NA, AF_UNIX)

    def x_pipe(self, e, t):
        if e.get("res") == 0:
            self.add_fd(t, e.get("fd1"), Fd(b"", "p", L4_NA))
            self.add_fd(t, e.get("fd2"), Fd(b"", "p", L4_NA))

    x_pipe2 = x_pipe

    def x_bind(self, e, t):
        fd = self.table(t).get(t.last_fd)
        got = decode_addr(e.raw(1))
        if fd is not None and got and (e.get("res") or 0) >= 0:
            fd.name = got[1]

    def connect_target(self, t, addr):
        """The address a connect asks for: all there is if it fails."""
        fd, got = self.table(t).get(t.last_fd), decode_addr(addr)
        if fd is not None and got:
            fd.name = got[1] if got[0] == AF_UNIX else b"0.0.0.0:0->" + got[1]

    def x_connect(self, e, t):
        if t.enter is None:
            self.connect_target(t, e.raw(3))         # exit-only writers carry it here
        fd = self.table(t).get(t.last_fd)
        res = e.get("res")
        if fd is None or res is None or (res < 0 and res != -115):
            return
        got = decode_tuple(e.raw(1), fd.l4)
        if got:
            fd.name = got[1]

    def x_accept(self, e, t):
        num = e.get("fd")
        if num is None or num < 0:
            return
        got = decode_tuple(e.raw(1), L4_TCP)
        if got:
            self.add_fd(t, num, Fd(got[1], "s", L4_TCP if got[0] != AF_UNIX else L4_NA, got[0]))
        else:
            t.last_fd = num

    x_accept4 = x_accept

    def traffic(self, e, t):
        fd = self.table(t).get(t.last_fd)
        if fd is None or (e.get("res") or 0) < 0 or (fd.name and fd.l4 == L4_TCP):
            return
        got = decode_tuple(self.raw_param(e, t, "tuple"), fd.l4)
        if got:
            fd.name = got[1]

    x_sendto = x_sendmsg = x_recvfrom = x_recvmsg = traffic

    def dup_from(self, t, old, new):
        fd = self.table(t).get(old)
        if fd is not None:
            self.add_fd(t, new, fd.copy())

    def x_dup(self, e, t):
        res = e.get("res")
        if res is not None and res >= 0:
            self.dup_from(t, t.last_fd, res)

    x_dup2 = x_dup3 = x_dup

    def x_fcntl(self, e, t):
        res, cmd = e.get("res"), self.param(e, t, "cmd", False)
        if res is not None and res >= 0 and cmd in (F_DUPFD, F_DUPFD_CLOEXEC):
            self.dup_from(t, t.last_fd, res)

    def anonymous(self, e, t):
        num = e.get("res") if e.get("res") is not None else e.get("fd")
        if num is not None and num >= 0:
            name = e.text(e.index("name")) if e.index("name") is not None else b""
            self.add_fd(t, num, Fd(name, "o", L4_NA))

    x_eventfd = x_eventfd2 = x_signalfd = x_signalfd4 = x_timerfd_create = anonymous
    x_inotify_init = x_inotify_init1 = x_epoll_create = x_epoll_create1 = anonymous
    x_memfd_create = x_pidfd_open = x_userfaultfd = x_io_uring_setup = anonymous

    def x_chdir(self, e, t):
        if e.get("res") == 0:
            main = self.threads.get(t.pid) if t.flags & CL_THREAD else t
            (main or t).cwd = join_path(self.cwd(t), e.text(1))

    def x_fchdir(self, e, t):
        fd = self.table(t).get(t.last_fd)
        if e.get("res") == 0 and fd is not None:
            main = self.threads.get(t.pid) if t.flags & CL_THREAD else t
            (main or t).cwd = fd.name


# ----------------------------------------------------------------------------- output

def shown(e, args):
    if args.all:
        return True
    if e.type >= len(EVENTS) or e.type in INTERNAL or e.type in USER_GROUP:
        return False
    if e.dump_flags & 1:                 # kept for the state only (sysdig -F -w with a filter)
        return False
    if args.exit_only and not e.is_exit and "SYSCALL" in EVENTS[e.type]["category"]:
        return False
    return True


def esc(b):
    if b is None:
        return "-"
    out = []
    for ch in bytes(b).decode("utf-8", "surrogateescape"):
        o = ord(ch)
        if 0xDC80 <= o <= 0xDCFF:
            out.append("\\x%02x" % (o - 0xDC00))
        elif o < 32 or o == 127 or ch == "\\":
            out.append("\\x%02x" % o)
        else:
            out.append(ch)
    return "".join(out)


def dash(v):
    return "-" if v is None else str(v)


def dump(f, args, out):
    tr = Tracker()
    for btype, body in blocks(f):
        if btype == SHB:
            magic, major, _minor, _len = struct.unpack_from("<IHHQ", body)
            if magic != 0x1A2B3C4D or major > 1:
                raise SystemExit("not a capture this reader understands")
            tr = Tracker()
        elif btype in PL:
            for t in read_proc_list(body, PL[btype]):
                tr.add_proc(t)
        elif btype in FDL:
            tr.add_fds(*read_fd_list(body, FDL[btype]))
        elif btype in EV:
            e = Event(body, btype)
            row = tr.feed(e)
            if shown(e, args):
                out.write("\t".join((
                    str(e.ts), str(e.cpu), str(e.tid), dash(row.pid), esc(row.comm), "<" if e.is_exit else ">",
                    event_name(e, row.enter, args.names), dash(result(e)), dash(row.fd), esc(row.fdname), dash(row.latency))) + "\n")


def count(f, out):
    kinds, types, last, back = collections.Counter(), collections.Counter(), 0, 0
    for btype, body in blocks(f):
        kinds[btype] += 1
        if btype in EV:
            e = Event(body, btype)
            types[(e.type, event_name(e), len(e.lens))] += 1
            back += e.ts < last
            last = max(last, e.ts)
    for k, n in sorted(kinds.items()):
        out.write("block\t0x%x\t%d\n" % (k, n))
    out.write("events\t%d\nout of order\t%d\n" % (sum(types.values()), back))
    for (t, name, n), c in sorted(types.items()):
        out.write("type\t%d\t%s%s\t%d params\t%d\n" % (t, "<" if t & 1 else ">", name, n, c))


def redact(f, out):
    """Overwrite command lines and environments with 'x', keeping every length and every 0 byte."""
    total = 0

    def blanked(b):
        return bytes(0 if c == 0 else 0x78 for c in b)

    for btype, body in blocks(f):
        buf = bytearray(body)

        def blank(a, z):
            nonlocal total
            total += z - a
            buf[a:z] = blanked(buf[a:z])

        if btype in PL:
            collections.deque(read_proc_list(body, PL[btype], blank), maxlen=0)
        elif btype in EV:
            e = Event(body, btype)
            names = ("args", "env", "argv") if e.type in CLONES or e.type in EXECS or e.type == 430 else ()
            for name in names:
                i = e.index(name)
                if i is not None and i < len(e.lens):
                    blank(e.offsets[i], e.offsets[i] + e.lens[i])
            if e.type in (272, 324) and e.lens and e.lens[0] > 3:    # container JSON can hold env and labels
                buf[e.offsets[0]:e.offsets[0] + e.lens[0]] = b"{}".ljust(e.lens[0] - 1) + b"\0"
                total += e.lens[0]
        size = len(buf) + 12
        out.write(struct.pack("<II", btype, size) + buf + struct.pack("<I", size))
    return total


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("file")
    ap.add_argument("--count", action="store_true")
    ap.add_argument("--all", action="store_true")
    ap.add_argument("--exit-only", action="store_true")
    ap.add_argument("--redact", metavar="OUT")
    ap.add_argument("--names", choices=("native", "0.29", "0.36"), default="native",
                    help="how generic events are named (default: native number when the code is 0)")
    args = ap.parse_args()
    f = open_input(args.file)
    try:
        if args.redact:
            with open(args.redact, "wb") as o:
                print("%d bytes blanked" % redact(f, o), file=sys.stderr)
        elif args.count:
            count(f, sys.stdout)
        else:
            dump(f, args, sys.stdout)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    main()
