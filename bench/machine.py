"""What a figure depends on: processor, memory, disk, kernel, compiler, libraries.  No name of the machine."""
import ctypes
import glob
import os
import platform
import re
import subprocess

DISKS = (("vd", "virtual disk"), ("nvme", "NVMe"), ("sd", "SCSI or SATA disk"), ("md", "RAID"),
         ("dm", "device mapper"), ("xvd", "virtual disk"), ("mmc", "flash card"))
VERSIONS = (("microhttpd", "MHD_get_version", "libmicrohttpd "), ("sqlite3", "sqlite3_libversion", "SQLite "),
            ("curl", "curl_version", ""))


def read(path, pattern):
    try:
        with open(path) as f:
            found = re.search(pattern, f.read(), re.M)
    except OSError:
        return "unknown"
    return found.group(1).strip() if found else "unknown"


def filesystem(folder):
    """The type of the file system that holds a folder."""
    best, kind = "", "unknown"
    with open("/proc/self/mounts") as f:
        for line in f:
            _, point, this = line.split()[:3]
            inside = (os.path.realpath(folder) + "/").startswith(point.rstrip("/") + "/")
            if inside and len(point) >= len(best):
                best, kind = point, this
    return kind


def disk(folder):
    """What kind of device it is on; without a journal a sync is cheaper, so that is said."""
    device = os.stat(folder).st_dev
    link = "/sys/dev/block/%d:%d" % (os.major(device), os.minor(device))
    name = os.path.basename(os.path.realpath(link)) if os.path.exists(link) else ""
    words = next((words for prefix, words in DISKS if name.startswith(prefix)), "unknown device")
    journal = glob.glob("/proc/fs/jbd2/%s-*" % name) or filesystem(folder) != "ext4"
    return ("" if journal else "no journal, ") + words


def libraries(binary):
    """Versions of the libraries that the binary is linked with, as they say themselves."""
    linked = subprocess.run(["ldd", binary], capture_output=True, text=True).stdout
    out = []
    for name, function, words in VERSIONS:
        found = re.search(r"lib%s\S*\.so\S* => (\S+)" % name, linked)
        if found:
            ask = getattr(ctypes.CDLL(found.group(1)), function)
            ask.restype = ctypes.c_char_p
            out.append(words + ask().decode().split()[0].replace("libcurl/", "libcurl "))
    return ", ".join(out)


def first_line(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines()[0]


def hardware(folder):
    memory = int(read("/proc/meminfo", r"^MemTotal:\s*(\d+)")) / 1024 / 1024
    return "%s, %d cores, %.0f GB of memory; data on %s, %s; Linux %s" % (
        read("/proc/cpuinfo", r"^model name\s*:\s*(.*)$"), os.cpu_count(), memory, filesystem(folder), disk(folder),
        re.match(r"[0-9.]*", platform.release()).group())


def describe(folder, binary, nginx_binary):
    nginx = re.search(r"nginx/(\S+)", first_line(nginx_binary, "-v"))
    return ("- machine: %s\n- software: %s; %s; nginx %s; %s\n"
            % (hardware(folder), first_line(os.environ.get("CC", "cc"), "--version"), libraries(binary),
               nginx.group(1) if nginx else "?", " ".join(first_line("wrk", "-v").split()[:2])))
