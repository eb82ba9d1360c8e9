#!/usr/bin/env python3
# The founding story as files: a well-known account of an OpenStack cloud whose virtual address flapped, rebuilt from the
# figures that were published of it (sysdig's blog, "OpenStack crime story"; three articles by codecentric).
#
# USAGE    python3 make-story.py [FOLDER]      writes the five files beside this script, or into FOLDER; always the same bytes
#
# Published, and taken as it is:
#   two sendmsg of keepalived, 17:01:21.339942 and 17:01:26.375374, in the guest, on CPU 0 and CPU 1; one more 2.4 ms later
#   advert_int 1, and a backup with priority 100 had taken over: 3 + 156/256 s after the last advert
#   38 ms of sysdig's listing of the gap: CPU 3 switches each 4 ms; event numbers 368250, 369051, 370964 from the one advert
#   to the next. The listing was filtered with `grep -v "keepalived|haproxy|zabbix"`: the sender is not in it
#   tcpdump had dropped 127 packets before its buffer was made larger
#   qemu ran with vhost=on,vhostfd=27, and vhost_net was loaded, use count 2; six qemu were high in iotop
# Not published, and ours: day, addresses, pids, thread names, where in the gap the 38 ms lie, the other adverts (punctual),
# iostat's figures (a disk as busy as six qemu make it, all the while).

import datetime
import json
import os
import struct
import sys

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
day = datetime.datetime(2015, 3, 4, tzinfo=datetime.timezone.utc)
midnight = int(day.timestamp()) * 10**9


def at(clock):
    """17:01:21.339942 as ns since 1970."""
    hours, minutes, seconds = clock.split(":")
    whole, fraction = seconds.split(".")
    return midnight + (int(hours) * 3600 + int(minutes) * 60 + int(whole)) * 10**9 + int(fraction.ljust(9, "0"))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def advert(host, priority, ident):
    """An Ethernet frame: VRRPv2, VRID 51, one address, no password, advert_int 1."""
    message = struct.pack("!BBBBBBH4s8s", 0x21, 51, priority, 1, 0, 1, 0, bytes([192, 0, 2, 7]), bytes(8))
    message = message[:6] + struct.pack("!H", checksum(message)) + message[8:]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0xC0, 20 + len(message), ident, 0, 255, 112, 0, bytes([192, 0, 2, host]), bytes([224, 0, 0, 18]))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return bytes.fromhex("01005e000012") + bytes.fromhex("fa163e0000") + bytes([host]) + b"\x08\x00" + head + message


last, late = at("17:01:21.339942"), at("17:01:26.375374")
second = 10**9
drift = 300_000
before, behind = 24, 12
packets = [(last - (before - 1 - i) * (second + drift), advert(11, 101, 100 + i)) for i in range(before)]
takeover = last + 3 * second + (256 - 100) * second // 256
packets += [(takeover + i * second, advert(12, 100, 1 + i)) for i in range(2)]
packets += [(late, advert(11, 101, 100 + before)), (late + 2_400_000, advert(11, 101, 101 + before))]
packets += [(late + 2_400_000 + (i + 1) * (second + drift), advert(11, 101, 102 + before + i)) for i in range(behind)]
packets.sort()
with open(os.path.join(folder, "tap.pcap"), "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
    for ns, frame in packets:
        out.write(struct.pack("<IIII", ns // second, ns % second, len(frame), len(frame)) + frame)

# CPU 3 of the guest, ten turns in 38 ms. `swapper` is sysdig's idle thread.
threads = [(0, 0, "swapper/3"), (1612, 1612, "mysqld"), (1188, 1188, "rabbitmq"), (23, 23, "rcu_sched")]
begin = at("17:01:23.102000")
with open(os.path.join(folder, "guest.sysdig.tsv"), "w") as out:
    for i in range(10):
        tid, pid, comm = threads[i % 4]
        to, _, name = threads[(i + 1) % 4]
        number = 369051 + i * 7
        cells = [number, begin + i * 4_200_000, 3, tid, pid, comm, ">", "switch", 0, "", "<NA>", "<NA>"]
        out.write("\t".join(map(str, cells)) + f"\tnext={to}({name}) pgft_maj=0 pgft_min=0 vm_size=0 vm_rss=0 vm_swap=0 \n")

names = ["disk_device", "r/s", "w/s", "rkB/s", "wkB/s", "r_await", "w_await", "aqu-sz", "util"]
first = (last - before * second) // second
samples = []
for i in range(before + 22):
    busy = 62 + (i * 7) % 21
    stamp = datetime.datetime.fromtimestamp(first + i, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+0000")
    row = dict(zip(names, ["sda", 41.0, 180.0 + i % 9, 900.0, 5200.0, 6.2, 9.1 + i % 4, 2.1, float(busy)]))
    samples.append({"timestamp": stamp, "disk": [row]})
host = {"nodename": "compute", "sysname": "Linux", "release": "3.13.0", "machine": "x86_64", "number-of-cpus": 32,
        "date": day.strftime("%Y-%m-%d"), "statistics": samples}
with open(os.path.join(folder, "iostat.json"), "w") as out:
    json.dump({"sysstat": {"hosts": [host]}}, out, indent=1)
    out.write("\n")

qemu = {"pid": 6875, "comm": "qemu-system-x86", "name": "instance-000000dd", "kind": "qemu", "links": ["tap"],
        "args": ["qemu-system-x86_64", "-name", "instance-000000dd", "-netdev", "tap,fd=26,id=hostnet0,vhost=on,vhostfd=27",
                 "-device", "virtio-net-pci,netdev=hostnet0,id=net0"]}
clocks = f'"ns":{last - 20 * second},"mono":{10**15}'
with open(os.path.join(folder, "host.ndjson"), "w") as out:
    out.write(f'{{{clocks},"senders":{json.dumps([qemu])}}}\n')
    out.write(f'{{{clocks},"facts":{{"modules":"vhost_net 18104 2, vhost 29009 1"}}}}\n')

with open(os.path.join(folder, "tcpdump.stderr"), "w") as out:
    out.write("tcpdump: listening on tap, link-type EN10MB (Ethernet), capture size 65535 bytes\n"
              f"{len(packets)} packets captured\n{len(packets) + 127} packets received by filter\n127 packets dropped by kernel\n")
